export { type ListingOptions, printListing, type Row, renderListing, rowJSON, rowObject } from "./listing.ts";
export { portText } from "./ports.ts";
export { alignTable } from "./table.ts";
export { ago, ellipsis, goTime, labelOf, labelText, rfc3339Nano } from "./text.ts";
