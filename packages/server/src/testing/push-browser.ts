import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { pushMessage, type PushMessage } from "@skein/protocol";

/** A browser as a push service sees it: its subscription, and how it reads what is sent (RFC 8188, RFC 8291). */
export interface PushBrowser {
  readonly subscription: {
    readonly endpoint: string;
    readonly keys: { readonly p256dh: string; readonly auth: string };
  };
  read(body: Uint8Array): PushMessage;
}

export function createPushBrowser(endpoint: string): PushBrowser {
  const own = createECDH("prime256v1");
  own.generateKeys();
  const auth = randomBytes(16);
  const derive = (key: Uint8Array, salt: Uint8Array, info: Uint8Array | string, length: number): Buffer =>
    Buffer.from(hkdfSync("sha256", key, salt, info, length));
  return {
    subscription: {
      endpoint,
      keys: { p256dh: own.getPublicKey("base64url"), auth: auth.toString("base64url") },
    },
    read(body) {
      const message = Buffer.from(body);
      const salt = message.subarray(0, 16);
      const length = message.readUInt8(20);
      const sender = message.subarray(21, 21 + length);
      const sealed = message.subarray(21 + length);
      const info = Buffer.concat([Buffer.from("WebPush: info\0"), own.getPublicKey(), sender]);
      const key = derive(own.computeSecret(sender), auth, info, 32);
      const nonce = derive(key, salt, "Content-Encoding: nonce\0", 12);
      const decipher = createDecipheriv("aes-128-gcm", derive(key, salt, "Content-Encoding: aes128gcm\0", 16), nonce);
      decipher.setAuthTag(sealed.subarray(-16));
      const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
      return pushMessage.parse(JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString("utf8")));
    },
  };
}
