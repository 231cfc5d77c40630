/** The app's icons: 16 × 16, drawn with the text's colour. */
const PATHS = {
  plus: "M8 3v10M3 8h10",
  back: "M10 3 5 8l5 5",
  chevron: "m6 4 4 4-4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  up: "M8 13V3M4 7l4-4 4 4",
  stop: "M4.5 4.5h7v7h-7z",
  close: "m4 4 8 8M12 4l-8 8",
  check: "m3 8.5 3.2 3.2L13 5",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  link: "M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2-2a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.2 6.8a2.6 2.6 0 0 0-3.7 0l-2 2a2.6 2.6 0 0 0 3.7 3.7l.9-.9",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM14 14l-3.4-3.4",
  terminal: "m3 4.5 3.5 3.5L3 11.5M8 12h5",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  edit: "M10.5 3.5l2 2L6 12l-2.7.7L4 10zM3 14.2h10",
  globe:
    "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM2 8h12M8 2c2 1.8 2.6 3.8 2.6 6S10 12.2 8 14c-2-1.8-2.6-3.8-2.6-6S6 3.8 8 2Z",
  agents:
    "M5.5 7a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.400ZM1.5 13c.3-2.5 1.8-4 4-4s3.7 1.5 4 4M10.8 7.200a1.9 1.9 0 1 0-.6-3.700M11.5 9c1.7.2 2.8 1.5 3 3.5",
  list: "M6 4h7.500M6 8h7.500M6 12h7.500M2.7 4h.01M2.7 8h.01M2.7 12h.01",
  tool: "M9.7 6.300a3 3 0 0 1 3.9-3.900L11.5 4.500l1 1 2.1-2.100a3 3 0 0 1-3.9 3.900l-5.4 5.400a1.4 1.4 0 0 1-2-2Z",
  thought:
    "M8 2.500a4.2 4.2 0 0 1 2.2 7.800c-.5.3-.7.7-.7 1.200h-3c0-.5-.2-.9-.7-1.200A4.2 4.2 0 0 1 8 2.500ZM6.7 13.500h2.6",
  shield: "M8 2l5 1.800v3.900c0 3-2 5.2-5 6.3-3-1.1-5-3.3-5-6.300V3.800Z",
  question: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.3 6.300a1.8 1.8 0 1 1 2.6 1.600c-.6.3-.9.7-.9 1.300M8 11.300h.01",
  warning: "M8 2.5 14.3 13.500H1.700ZM8 6.500v3.200M8 11.600h.01",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.500v1.300M8 13.200v1.300M1.5 8h1.300M13.2 8h1.300M3.4 3.400l.9.9M11.7 11.700l.9.9M3.4 12.600l.9-.9M11.7 4.300l.9-.9",
  moon: "M13 9.600A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.600Z",
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  folder: "M2 4h4l1.3 1.500H14V12.500H2Z",
  panel: "M2 3h12v10H2zM10 3v10",
  fork: "M5 6v4M5 6a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400ZM5 13.400a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400ZM11 6a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400ZM11 6v.500c0 1.500-1 2-2.500 2H5",
  bell: "M4.500 11V7a3.500 3.500 0 0 1 7 0v4l1.200 1.500H3.300ZM6.700 14.300h2.600",
  share: "M8 10V2.500M5 5l3-2.500L11 5M4 8H3v5.500h10V8h-1",
  attach:
    "M12.800 7.400 7.700 12.500a3.100 3.100 0 0 1-4.400-4.400l5.400-5.400a2.100 2.100 0 0 1 3 3L6.500 10.900a1 1 0 0 1-1.500-1.500l4.700-4.700",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        stroke="currentColor"
        strokeWidth={name === "more" ? 2.2 : 1.4}
        strokeLinecap="round"
        strokeLinejoin="round"
        fill={name === "stop" ? "currentColor" : "none"}
      />
    </svg>
  );
}
