import type { LookupAddress } from 'node:dns';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FindAddresses } from '../../../src/events/webhooks/outgoing/address-guard.ts';
import { until } from '../../load/redis.ts';
import { consumerEndpoint } from './consumer-endpoint.ts';
import { folder, outgoing } from './outgoing-rig.ts';

describe('no webhook goes to an address that is not public', () => {
  const finds =
    (...addresses: string[]): FindAddresses =>
    (_, __, found) =>
      found(
        null,
        addresses.map(
          (address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }),
        ),
      );

  test.each([
    'http://93.184.215.14/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://0/',
    'https://10.1.2.3/',
    'https://172.31.255.1/',
    'https://192.168.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[fc00::1]/',
    'https://[fe80::1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://user:password@example.com/',
    'ftp://example.com/',
    'nothing',
  ])('%s cannot be registered', async (url) => {
    const { register, webhooks } = outgoing({ allowLoopback: false });
    await expect(register(url)).rejects.toThrow(/^url: /);
    expect(webhooks.consumers()).toEqual([]);
  });

  test.each([
    'https://93.184.215.14/',
    'https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x',
    'https://example.com:8443/hooks?a=b',
  ])('%s can', async (url) => {
    const { register } = outgoing({ allowLoopback: false, find: finds('10.0.0.1') });
    expect((await register(url)).consumer.url).toBe(url);
  });

  test.each([['127.0.0.1'], ['93.184.215.14', '10.0.0.1'], ['::ffff:127.0.0.1'], ['fd00::1']])(
    'a name that leads to %s is not connected to',
    async (...addresses) => {
      const endpoint = await consumerEndpoint();
      const { register, publish, log } = outgoing({
        allowLoopback: false,
        find: finds(...addresses),
      });
      const { consumer } = await register(`https://rebound.example:${endpoint.port}/`);
      publish('e1');
      await until('a try', () => log(consumer.id)[0]?.attempts.length === 1);
      expect(log(consumer.id)[0]?.attempts[0]?.problem).toMatch(
        /^rebound\.example leads to \S+ is no address of the public internet$/,
      );
      expect(endpoint.received).toHaveLength(0);
    },
  );

  test('this machine is one in development alone, and then the only one', async () => {
    const { register } = outgoing({ allowLoopback: true });
    await expect(register('http://10.0.0.1/')).rejects.toThrow('url: expected https');
    await expect(register('https://10.0.0.1/')).rejects.toThrow(
      'no address of the public internet',
    );
    expect((await register('http://localhost:1/')).consumer.url).toBe('http://localhost:1/');
  });

  test('a consumer that was registered while it was one is not told any more', async () => {
    const endpoint = await consumerEndpoint();
    const path = join(folder(), 'webhooks.sqlite');
    const before = outgoing({ path });
    const { consumer } = await before.register(endpoint.url);
    await before.close();
    const { publish, log, webhooks } = outgoing({ path, allowLoopback: false });
    await webhooks.wake();
    publish('e1');
    await until('a try', () => log(consumer.id)[0]?.attempts.length === 1);
    expect(log(consumer.id)[0]?.attempts[0]?.problem).toBe('expected https');
    expect(endpoint.received).toHaveLength(0);
  });
});
