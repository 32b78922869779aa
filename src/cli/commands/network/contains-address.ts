/** True when the address lies in the subnet, both IPv4 or both IPv6. */
export function containsAddress(subnet: string, address: string): boolean {
  const [base = "", length = ""] = subnet.split("/");
  const from = addressBits(base);
  const of = addressBits(address);
  if (!from || !of || from.size !== of.size || !/^\d+$/.test(length)) return false;
  const shift = BigInt(from.size - Number(length));
  return shift >= 0n && from.value >> shift === of.value >> shift;
}

function addressBits(text: string): { value: bigint; size: number } | undefined {
  if (/^\d+(\.\d+){3}$/.test(text)) {
    const value = text.split(".").reduce((total, part) => (total << 8n) | BigInt(part), 0n);
    return { value, size: 32 };
  }
  if (!text.includes(":")) return undefined;
  const [head = "", tail] = text.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...Array.from({ length: Math.max(0, gap) }, () => "0"), ...right];
  if (all.length !== 8 || all.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return { value: all.reduce((total, group) => (total << 16n) | BigInt(`0x${group}`), 0n), size: 128 };
}
