/** Stands in for the merger of Tailwind classes (see vite.config.ts). */
export function twMerge(...classes: readonly unknown[]): string {
  return classes.filter((one) => typeof one === "string").join(" ");
}
