import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { protoTypes } from '../../src/contract/proto-types.ts';
import { shapeErrors } from './shape-errors.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proto-types-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function protoFile(name: string, source: string): Promise<URL> {
  const path = join(folder, name);
  await writeFile(path, source);
  return pathToFileURL(path);
}

const everything = `syntax = "proto3";
package fixture.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/any.proto";
import "google/protobuf/empty.proto";
// A parcel on its way.
message Parcel {
  // Counted in grams.
  int64 weight_grams = 1;
  google.protobuf.Timestamp sent_at = 2;
  optional int32 floor = 3;
  optional Kind maybe_kind = 4;
  Kind kind = 5;
  repeated string tags = 6;
  repeated Kind kinds = 7;
  map<string, Parcel> inside = 8;
  oneof to { string address = 9; Locker locker = 10; }
  bytes label = 11;
  google.protobuf.Int64Value value = 12;
  google.protobuf.Struct extra = 13;
  google.protobuf.Any anything = 14;
  bool fragile = 15;
  double width_cm = 16;
  message Locker { enum Size { SMALL = 0; LARGE = 1; } Size size = 1; uint64 number = 2; }
}
// What sort of parcel it is.
enum Kind {
  // Nobody said.
  KIND_UNSPECIFIED = 0;
  KIND_BOX = 1;
}
message Where { string id = 1; Parcel.Locker locker = 2; repeated int64 days = 3; }
// Sends parcels.
service Post {
  // Takes one.
  rpc Send(Parcel) returns (Parcel);
  rpc Find(Where) returns (Parcel);
  rpc Watch(google.protobuf.Empty) returns (stream Parcel);
  rpc Fill(stream Where) returns (google.protobuf.Empty);
}
`;

test('what proto-loader decodes has the generated shape, empty or full', async () => {
  const file = await protoFile('everything.proto', everything);
  const source = await protoTypes(file);
  const options = { keepCase: false, longs: String, enums: String, defaults: true, oneofs: true };
  const post = loadSync(file.pathname, options)['fixture.v1.Post'];
  const method = post && 'Send' in post && typeof post['Send'] === 'object' ? post['Send'] : null;
  if (method === null || !('responseDeserialize' in method)) throw new Error('no Post.Send');
  const full = {
    weightGrams: '9007199254740993',
    sentAt: { seconds: 5, nanos: 7 },
    floor: 0,
    maybeKind: 'KIND_UNSPECIFIED',
    kind: 'KIND_BOX',
    tags: ['a'],
    kinds: ['KIND_BOX'],
    inside: { one: { fragile: true } },
    locker: { size: 'LARGE', number: '18446744073709551615' },
    label: Buffer.from('x'),
    value: { value: 3 },
    extra: { fields: { a: { numberValue: 1 }, b: { listValue: { values: [{ nullValue: 0 }] } } } },
    anything: { type_url: 'x/y', value: Buffer.from('z') },
    widthCm: 1.5,
  };
  const [none, all] = [{}, full].map((message): object => {
    const decoded = method.responseDeserialize(method.responseSerialize(message));
    // The names of the oneofs behind `optional` come along; nobody needs them.
    return Object.fromEntries(Object.entries(decoded).filter(([name]) => !name.startsWith('_')));
  });
  expect(shapeErrors(source, 'Parcel', none)).toEqual([]);
  expect(shapeErrors(source, 'Parcel', all)).toEqual([]);
  expect(all).toMatchObject({ weightGrams: '9007199254740993', to: 'locker', floor: 0 });
  const { kind: _, ...partial } = all as Record<string, unknown>;
  expect(shapeErrors(source, 'Parcel', partial)).toEqual(['Parcel.kind is missing']);
});

test('requests may leave out any field; a message used both ways has a type for each', async () => {
  const source = await protoTypes(await protoFile('sides.proto', everything));
  expect(source).toContain('export interface ParcelInput {');
  expect(source).toContain('  readonly inside?: { readonly [key: string]: ParcelInput } | null;');
  expect(source).toContain('  readonly weightGrams?: string | number | null;');
  expect(source).toContain('export interface Where {\n  readonly id?: string | null;');
  expect(source).toContain('  readonly locker?: ParcelLockerInput | null;');
  expect(source).not.toContain('WhereInput');
});

test('services name the request and response of each method, streams marked', async () => {
  const source = await protoTypes(await protoFile('services.proto', everything));
  expect(source).toContain(`/** Sends parcels. */
export interface Post {
  /** Takes one. */
  Send: { request: ParcelInput; response: Parcel };
  Find: { request: Where; response: Parcel };
  Watch: { request: EmptyInput; response: Parcel; stream: true };
  Fill: { request: Where; response: Empty; requestStream: true };
}`);
});

test('comments are carried over', async () => {
  const source = await protoTypes(await protoFile('comments.proto', everything));
  expect(source).toContain(
    '/** A parcel on its way. */\nexport interface Parcel {\n  /** Counted in grams. */',
  );
  expect(source).toContain(
    "- `KIND_UNSPECIFIED`: Nobody said.\n */\nexport type Kind = 'KIND_UNSPECIFIED'",
  );
});

test('a broken file, a missing import and an unknown type are told with their line', async () => {
  const head = 'syntax = "proto3";\npackage broken;\n';
  const files: [string, string, RegExp][] = [
    [
      'syntax.proto',
      `${head}message A {\n  string = 1;\n}\n`,
      /syntax\.proto:4: expected a \.proto file/,
    ],
    ['import.proto', `${head}import "near/by.proto";\n`, /import\.proto:3: .*near\/by\.proto/],
    ['type.proto', `${head}message A {\n  Missing b = 1;\n}\n`, /type\.proto:4: .*Missing/],
  ];
  for (const [name, source, message] of files) {
    await expect(protoTypes(await protoFile(name, source)), name).rejects.toThrow(message);
  }
  const absent = pathToFileURL(join(folder, 'absent.proto'));
  await expect(protoTypes(absent)).rejects.toThrow(/absent\.proto: expected a \.proto file/);
});
