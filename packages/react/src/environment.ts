/** What the hooks need of the world around them; tests bring their own. */
export interface Environment {
  readonly now: () => number;
  /** Calls once after `ms`; the answer cancels it. */
  readonly after: (ms: number, call: () => void) => () => void;
  /** Calls once before the next paint, or soon where nothing is painted. */
  readonly beforePaint: (call: () => void) => () => void;
  readonly random: () => number;
  readonly newId: () => string;
  /** Whether the network and the page are there: `false` while the machine is offline or the page long hidden. */
  readonly awake: { get(): boolean; subscribe(listener: () => void): () => void };
  readonly storage: { get(name: string): string | undefined; set(name: string, value: string | undefined): void };
}

/** A hidden page gives its connection back after this long: a browser has six for all its pages together. */
const HIDDEN_MS = 20_000;

export function browserEnvironment(): Environment {
  return {
    now: () => Date.now(),
    after(ms, call) {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
    beforePaint(call) {
      // Hidden pages get no frames.
      if (document.hidden) {
        const timer = setTimeout(call, 100);
        return () => clearTimeout(timer);
      }
      const frame = requestAnimationFrame(call);
      return () => cancelAnimationFrame(frame);
    },
    random: () => Math.random(),
    newId,
    awake: browserAwake(),
    storage: {
      get(name) {
        try {
          return localStorage.getItem(name) ?? undefined;
        } catch {
          return undefined; // Storage may be forbidden: then drafts and unsent prompts live as long as the page.
        }
      },
      set(name, value) {
        try {
          if (value === undefined) localStorage.removeItem(name);
          else localStorage.setItem(name, value);
        } catch {
          // Full or forbidden: as above.
        }
      },
    },
  };
}

/** `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function browserAwake(): Environment["awake"] {
  let hiddenLong = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const visibility = (): void => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => {
        hiddenLong = true;
        tell();
      }, HIDDEN_MS);
      return;
    }
    hiddenLong = false;
    tell();
  };
  return {
    get: () => navigator.onLine && !hiddenLong,
    subscribe(listener) {
      if (listeners.size === 0) {
        document.addEventListener("visibilitychange", visibility);
        addEventListener("online", tell);
        addEventListener("offline", tell);
      }
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearTimeout(timer);
        document.removeEventListener("visibilitychange", visibility);
        removeEventListener("online", tell);
        removeEventListener("offline", tell);
      };
    },
  };
}
