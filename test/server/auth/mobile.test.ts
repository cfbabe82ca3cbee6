import { bearerAuth } from 'tailorbird';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mobile } from '../../../bff-mobile/bff.ts';
import { loginAsApp } from '../../support/app.ts';
import { ask, listening, type ListeningServer, type Protected, startProtected } from './example.ts';

let example: Protected;
let server: ListeningServer;

beforeAll(async () => {
  example = await startProtected();
  server = await listening(
    mobile,
    bearerAuth({
      audience: 'urn:tailorbird:mobile',
      clientId: 'bff-mobile',
      developmentSecret: 'sandbox-mobile-secret',
    }),
    example.settings,
  );
});

afterAll(async () => {
  await server.close();
  await example.close();
});

const me = '{ me { id name bookings(first: 2) { nodes { id seat traveller { name } } } } }';
const tokenOf = async (account: string) =>
  (await loginAsApp(example.issuer, account)).tokens.access_token;

describe('a mobile viewer', () => {
  it('is nobody without a token', async () => {
    expect(await ask(server.url, me)).toEqual({ status: 200, data: { me: null } });
  });

  it('sees themselves and their bookings, each backend with a token of its own', async () => {
    const authorization = `Bearer ${await tokenOf('ada')}`;
    example.calls();
    const answer = await ask(server.url, me, { authorization });
    expect(answer).toEqual({
      status: 200,
      data: {
        me: {
          id: 'ada',
          name: 'Ada Lovelace',
          bookings: {
            nodes: [
              { id: 'bk-1010', seat: '9C', traveller: { name: 'Ada Lovelace' } },
              { id: 'bk-1007', seat: '23B', traveller: { name: 'Ada Lovelace' } },
            ],
          },
        },
      },
    });
    expect(example.calls()).toMatchObject({
      'POST /token urn:ietf:params:oauth:grant-type:token-exchange': 2,
    });
    expect((await ask(server.url, me, { authorization })).errors).toBeUndefined();
    expect(Object.keys(example.calls())).not.toContainEqual(expect.stringContaining('/token'));
  });

  it('shares nothing with another one, asking at the same moment', async () => {
    const accounts = ['ada', 'grace', 'amelia'];
    const tokens = await Promise.all(accounts.map(tokenOf));
    const asked = Array.from({ length: 30 }, (_, index) => index % 3);
    const answers = await Promise.all(
      asked.map((who) =>
        ask(server.url, '{ me { id } }', { authorization: `Bearer ${tokens[who]}` }),
      ),
    );
    expect(answers.map(({ data }) => data?.['me'])).toEqual(
      asked.map((who) => ({ id: accounts[who] })),
    );
  });

  it('is not known by a cookie', async () => {
    const cookie = `__Host-tailorbird-session=${'a'.repeat(43)}; access_token=${await tokenOf('ada')}`;
    expect(await ask(server.url, me, { cookie })).toEqual({ status: 200, data: { me: null } });
  });
});
