import type { Store, StreamInfo } from "@skein/store";
import { Channel, type LiveReader } from "./channel.ts";

/**
 * The live ends of all streams that are followed in this process: one channel per stream, while it has readers.
 */
export interface Hub {
  /** `stream` as just read; the reader starts wherever it likes. */
  join(stream: StreamInfo): LiveReader;
  /** Streams followed now. */
  readonly size: number;
}

export function createHub(store: Store): Hub {
  const channels = new Map<string, Channel>();
  return {
    join(stream) {
      const known = channels.get(stream.path);
      // Deleted and created again: the old readers' channel ends by itself, new readers get one of their own.
      if (known?.isOf(stream) === true) return known.join();
      const channel = new Channel(store, stream, () => {
        if (channels.get(stream.path) === channel) channels.delete(stream.path);
      });
      channels.set(stream.path, channel);
      return channel.join();
    },
    get size() {
      return channels.size;
    },
  };
}
