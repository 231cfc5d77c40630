import { test } from "vitest";
import { chaosScale } from "./chaos/scale.ts";
import { runChaos } from "./chaos/run.ts";

const { seed, kills, parcels, timeout } = chaosScale();

test(
  `[FL1] server and runners are killed at random: every message is handled, in order, by one at a time, and none is left (seed ${seed})`,
  () => runChaos({ seed, servers: 1, entities: 200, parcels, kills }),
  timeout,
);
