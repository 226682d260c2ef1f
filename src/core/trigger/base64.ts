const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The UTF-8 text in base64 of either alphabet; undefined where it is none. The core has no Node types to ask. */
export function textOfBase64(base64: string): string | undefined {
  const digits = base64.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, "");
  let escaped = "";
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    escaped += `%${((held >> bits) & 0xff).toString(16).padStart(2, "0")}`;
  }
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}
