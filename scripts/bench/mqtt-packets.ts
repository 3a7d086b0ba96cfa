/** MQTT packets built by hand: a load generator must cost little beside the broker it measures. */

export interface Machine {
  id: string;
  token: string;
}

const keepAliveSeconds = 60;
const connectType = 0x10;
/** User name and password; a clean session on top. */
const namedFlags = 0b1100_0000;
const cleanFlag = 0b0000_0010;

/** The CONNECT of a machine. */
export function connectPacket({ id, token }: Machine, clean = true): Buffer {
  const variable = Buffer.from([4, namedFlags | (clean ? cleanFlag : 0), 0, keepAliveSeconds]);
  return packet(connectType, [text('MQTT'), variable, text(id), text(id), text(token)]);
}

/** A control packet: type, remaining length as a variable byte integer, content. */
export function packet(type: number, content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length: number[] = [];
  for (let rest = body.length; rest > 0 || length.length === 0; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
  }
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

/** A UTF-8 string with its length before it. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** The first packet in some bytes, or null when it is not whole. */
export function firstPacket(bytes: Buffer): { type: number; content: Buffer; bytes: number } | null {
  let length = 0;
  for (let at = 1; at <= 4; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte & 0x80) continue;
    const end = at + 1 + length;
    return bytes.length < end ? null : { type: bytes[0] ?? 0, content: bytes.subarray(at + 1, end), bytes: end };
  }
  return null;
}
