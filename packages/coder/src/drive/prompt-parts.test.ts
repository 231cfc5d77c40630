import { expect, test } from "vitest";
import { promptParts } from "./prompt-parts.ts";

const png = Buffer.from("89504e470d0a1a0a00", "hex");
const file = (name: string, mime: string, bytes: Uint8Array) => ({ name, mime, bytes, path: `/files/${name}` });

test("[CD43] pictures are pictures where they are what they say and the agent sees them; the rest is words or a path", () => {
  const attachments = [
    file("a.png", "image/png", png),
    file("b.png", "image/png", Buffer.from("<script>")),
    file("c.txt", "text/plain", Buffer.from("with ``` in it")),
    file("d.txt", "text/plain", Buffer.from([0xff, 0xfe, 0])),
    file("e.txt", "text/plain", Buffer.alloc(40_000, "x")),
    file("f.png", "image/png", Buffer.concat([png, Buffer.alloc(4 * 1024 * 1024)])),
  ];
  const { text, images } = promptParts({ text: "look", attachments });
  expect(images.map(({ name }) => name)).toEqual(["a.png"]);
  expect(text).toContain("look\n\nAttached file “b.png” (image/png, 8 bytes): /files/b.png");
  expect(text).toContain("Attached file “c.txt”:\n````\nwith ``` in it\n````");
  for (const name of ["d.txt", "e.txt", "f.png"]) expect(text).toContain(`/files/${name}`);
  expect(promptParts({ text: "look", attachments }, false).images).toEqual([]);
  expect(promptParts({ text: "look" })).toEqual({ text: "look", images: [] });
});
