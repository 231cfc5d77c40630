import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dataPieces, encodeControl, encodeData } from "./sse-encoding.ts";
import { sseEvents } from "./testing/drive.ts";

const parse = async (bytes: Uint8Array) => {
  const events = [];
  for await (const event of sseEvents(new Response(Buffer.from(bytes)))) events.push(event);
  return events;
};

test("[SH16] no payload can end its event or begin another, whatever its lines end with", async () => {
  for (const eol of ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\r\r"]) {
    const text = ["a", 'event: control\ndata: {"forged":1}', "b"].join(eol);
    const events = await parse(encodeData("text", Buffer.from(text)));
    expect(events).toEqual([{ event: "data", data: text.replaceAll(/\r\n|\r/g, "\n") }]);
  }
});

test("[SH16] in pieces an event says the same, with line ends in it and without", async () => {
  for (const body of [
    ["[", '{"a":1},2', ",", "3", "]"],
    ["[", "1", ",", '{\n"b":2}', "]"],
    ["[", "\r1", "]"],
    ["[4]"],
  ]) {
    const pieces = dataPieces(
      "json",
      body.map((text) => Buffer.from(text)),
    );
    const whole = encodeData("json", Buffer.from(body.join("")));
    expect(await parse(Buffer.concat(pieces))).toEqual(await parse(whole));
  }
});

test("[SH16] property: text comes through but for the kind of its line ends; bytes come through as base64", async () => {
  const characters = fc.constantFrom("a", " ", "\n", "\r", ":", "é", "data:");
  await fc.assert(
    fc.asyncProperty(fc.array(characters, { maxLength: 30 }), async (parts) => {
      const text = parts.join("");
      const [event] = await parse(encodeData("text", Buffer.from(text)));
      expect(event).toEqual({ event: "data", data: text.replaceAll(/\r\n|\r/g, "\n") });
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 50 }), async (bytes) => {
      const [event] = await parse(encodeData("bytes", bytes));
      expect(Buffer.from(event?.data ?? "", "base64")).toEqual(Buffer.from(bytes));
    }),
  );
});

test("[SH16] a control event says where to go on, and on a closed stream no cursor", async () => {
  const [open] = await parse(encodeControl({ next: 7, cursor: "12", upToDate: true, closed: false }));
  expect(open).toEqual({
    event: "control",
    data: '{"streamNextOffset":"0000000000000007_0000000000000000","streamCursor":"12","upToDate":true}',
  });
  const [closed] = await parse(encodeControl({ next: 7, cursor: "12", upToDate: true, closed: true }));
  expect(JSON.parse(closed?.data ?? "")).toEqual({
    streamNextOffset: "0000000000000007_0000000000000000",
    upToDate: true,
    streamClosed: true,
  });
});
