import { promptAttachment } from "@skein/sessions";
import { expect, test } from "vitest";
import { mimeOf, nameOf } from "./use-upload.ts";

test("[WB52] whatever a file is called, what a prompt names is in the form that a coder takes", () => {
  const sha256 = "a".repeat(64);
  const names = [
    "photo.png",
    "../../etc/passwd",
    "C:\\Users\\kim\\notes.txt",
    "bell\u0007.txt",
    "x".repeat(400),
    "é.txt",
  ];
  for (const name of names) {
    expect(promptAttachment.safeParse({ sha256, mime: "text/plain", name: nameOf(name) }).success).toBe(true);
  }
  expect(["a/b.txt", "..", "", "dir/"].map(nameOf)).toEqual(["b.txt", undefined, undefined, undefined]);
  for (const type of ["image/png", "Text/HTML; charset=utf-8", "", "nonsense", "a/b/c", "image/svg+xml"]) {
    expect(promptAttachment.safeParse({ sha256, mime: mimeOf(type) }).success).toBe(true);
  }
  expect(mimeOf("Text/HTML; charset=utf-8")).toBe("text/html");
});
