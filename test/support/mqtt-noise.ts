/** Arbitrary MQTT, from well formed to nonsense, for property tests. */

import fc from 'fast-check';
import type { Answer } from './app';
import { connectPacket, mqttString, packet } from './raw-mqtt';

/** What one connection sends: some bytes in some pieces. */
export interface Noise {
  pieces: Buffer[];
  /** How many packets they were made of. */
  packets: number;
  websocket: boolean;
  /** Ends without a word when everything is sent, or says goodbye first. */
  goodbye: boolean;
}

const type = {
  publish: 0x30,
  puback: 0x40,
  pubrec: 0x50,
  pubrel: 0x62,
  pubcomp: 0x70,
  subscribe: 0x82,
  unsubscribe: 0xa2,
};
const qosShift = 1;

const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
const messageId = fc
  .oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(0, 65_535))
  .map((id) => [id >> 8, id & 0xff]);

/** Topics that this machine may use, those of another, reserved ones, and nonsense. */
function topics(own: string, foreign: string): fc.Arbitrary<Buffer> {
  const names = fc.constantFrom('heartbeat', 'estado', 'comandos', 'respostas', 'conexao', '#', '+', 'x/y', '');
  const known = fc.tuple(fc.constantFrom(own, own, own, foreign, '$SYS', 'narcidi/v1/maquinas/+'), names);
  return fc.oneof(
    { weight: 6, arbitrary: known.map(([base, name]) => Buffer.from(`${base}/${name}`)) },
    { weight: 1, arbitrary: fc.string({ maxLength: 60 }).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: bytes(40) },
    { weight: 1, arbitrary: fc.constantFrom(Buffer.from('a/'.repeat(500)), Buffer.alloc(70_000, 97)) },
  );
}

const payloads = fc.oneof(
  fc
    .record({ cpu: fc.double(), memoria: fc.double(), disco: fc.double() })
    .map((body) => Buffer.from(JSON.stringify(body))),
  fc
    .constantFrom(
      '{"cpu":1,"memoria":2,"disco":3}',
      '{"conectada":true,"sessao":"s"}',
      '{"revisao":1,"resultado":"aplicado"}',
      '{"comando_id":"x","resultado":"recebido"}',
      '{"__proto__":{"cpu":1}}',
      '['.repeat(5_000),
    )
    .map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text)),
  bytes(300),
);

function packets(activation: Answer['body'], foreign: string): fc.Arbitrary<Buffer> {
  const topic = topics(`narcidi/v1/maquinas/${activation.maquina.id}`, `narcidi/v1/maquinas/${foreign}`);
  const publish = fc
    .tuple(fc.integer({ min: 0, max: 15 }), topic, messageId, payloads)
    .map(([flags, name, id, payload]) =>
      packet(type.publish | flags, mqttString(name), (flags >> qosShift) & 3 ? id : [], payload),
    );
  const filters = fc.array(fc.tuple(topic, fc.integer({ min: 0, max: 3 })), { maxLength: 5 });
  const subscribe = fc
    .tuple(messageId, filters)
    .map(([id, list]) => packet(type.subscribe, id, ...list.flatMap(([name, qos]) => [mqttString(name), [qos]])));
  const unsubscribe = fc
    .tuple(messageId, fc.array(topic, { maxLength: 5 }))
    .map(([id, list]) => packet(type.unsubscribe, id, ...list.map(mqttString)));
  const acknowledgement = fc
    .tuple(fc.constantFrom(type.puback, type.pubrec, type.pubrel, type.pubcomp), messageId)
    .map(([first, id]) => packet(first, id));
  const empty = fc.constantFrom(packet(0xc0), packet(0xc0), packet(0xd0), packet(0xe0));
  const anything = fc.tuple(fc.integer({ min: 0, max: 255 }), bytes(60)).map(([first, body]) => packet(first, body));
  return fc.oneof(
    { weight: 5, arbitrary: publish },
    { weight: 2, arbitrary: subscribe },
    { weight: 1, arbitrary: unsubscribe },
    { weight: 3, arbitrary: acknowledgement },
    { weight: 1, arbitrary: empty },
    { weight: 1, arbitrary: connects(activation) },
    { weight: 1, arbitrary: anything },
    { weight: 1, arbitrary: bytes(100) },
  );
}

function connects(activation: Answer['body']): fc.Arbitrary<Buffer> {
  const will = fc.record({
    topic: fc.constantFrom(`narcidi/v1/maquinas/${activation.maquina.id}/conexao`, '$SYS/x', 'a/b'),
    payload: payloads,
    qos: fc.constantFrom(0, 1, 2),
    retain: fc.boolean(),
  });
  return fc
    .record({
      clean: fc.boolean(),
      keepalive: fc.constantFrom(0, 1, 60, 65_535),
      will: fc.option(will, { nil: undefined }),
    })
    .map(({ will: wish, ...fields }) => connectPacket(activation, wish ? { ...fields, will: wish } : fields));
}

/** Changes some bytes: flipped, left out, doubled, or replaced. */
function mutated(source: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const change = fc.tuple(
    fc.nat(),
    fc.constantFrom('flip', 'cut', 'double', 'replace', 'end'),
    fc.integer({ min: 0, max: 255 }),
  );
  return fc.tuple(source, fc.array(change, { minLength: 1, maxLength: 4 })).map(([whole, changes]) => {
    let out = Buffer.from(whole);
    for (const [where, how, value] of changes) {
      if (out.length === 0) break;
      const at = where % out.length;
      if (how === 'flip') out[at] = (out[at] ?? 0) ^ (1 << (value % 8));
      if (how === 'replace') out[at] = value;
      if (how === 'cut') out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + (value % 8))]);
      if (how === 'double') out = Buffer.concat([out.subarray(0, at), out.subarray(Math.max(0, at - (value % 8)))]);
      if (how === 'end') out = out.subarray(0, at);
    }
    return out;
  });
}

/** What a connection of a machine may send that means no good. */
export function noise(activation: Answer['body'], foreign: string): fc.Arbitrary<Noise> {
  const one = packets(activation, foreign);
  const stream = fc.array(fc.oneof({ weight: 3, arbitrary: one }, { weight: 2, arbitrary: mutated(one) }), {
    minLength: 5,
    maxLength: 40,
  });
  const first = fc.oneof(
    { weight: 8, arbitrary: connects(activation) },
    { weight: 1, arbitrary: mutated(connects(activation)) },
    { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
  );
  return fc
    .record({
      first,
      stream,
      cuts: fc.array(fc.nat(), { maxLength: 6 }),
      websocket: fc.boolean(),
      goodbye: fc.boolean(),
    })
    .map(({ first: begin, stream: rest, cuts, websocket, goodbye }) => {
      const whole = Buffer.concat([begin, ...rest]);
      const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
      const pieces = [0, ...places].map((from, index) => whole.subarray(from, places[index] ?? whole.length));
      return { pieces, packets: rest.length + 1, websocket, goodbye };
    });
}
