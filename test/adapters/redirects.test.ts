import assert from 'node:assert/strict';
import sinon from 'sinon';
import { isRedirect, Redirects, type SentinelCall, SentinelCalls } from '../../src/adapters/shared/retried-calls';

describe('redirects', () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });
  afterEach(() => clock.restore());

  it('gives a later try what the first began, once', () => {
    const redirects = new Redirects<string>();
    const [list, giveUp] = [['GET', 'k'], sinon.spy()];
    redirects.wait(list, 'begun', giveUp);
    assert.equal(redirects.resume(['GET', 'k']), undefined, 'another list with the same words');
    assert.equal(redirects.resume(list), 'begun');
    assert.equal(redirects.resume(list), undefined);
    clock.tick(60_000);
    sinon.assert.notCalled(giveUp);
  });

  it('distinguishes waiting calls that share one list', () => {
    const redirects = new Redirects<string>();
    const [list, giveUpFirst, giveUpThird] = [['GET', 'k'], sinon.spy(), sinon.spy()];
    redirects.wait(list, 'first', giveUpFirst);
    clock.tick(1);
    redirects.wait(list, 'second', assert.fail);
    redirects.wait(list, 'third', giveUpThird);
    assert.deepEqual([redirects.resume(list), redirects.resume(list)], ['first', 'second']);
    clock.tick(60_000);
    sinon.assert.notCalled(giveUpFirst);
    sinon.assert.calledOnce(giveUpThird);
    assert.equal(redirects.resume(list), undefined);
  });

  it('gives up after ten seconds without another try', () => {
    const redirects = new Redirects<string>();
    const [list, giveUp] = [['GET', 'k'], sinon.spy()];
    redirects.wait(list, 'begun', giveUp);
    clock.tick(9_999);
    sinon.assert.notCalled(giveUp);
    clock.tick(1);
    sinon.assert.calledOnce(giveUp);
    assert.equal(redirects.resume(list), undefined);
  });

  it('gives up when the call of a sentinel ends, and not before', async () => {
    const [calls, redirects] = [new SentinelCalls(), new Redirects<string>()];
    const [call, list, giveUp, error] = [{} as SentinelCall, ['GET', 'k'], sinon.spy(), new Error('lost')];
    const lose = () => redirects.wait(list, 'begun', giveUp, calls.sending);
    calls.send(call, lose);
    assert.equal(calls.sending, undefined);
    clock.tick(3_600_000);
    sinon.assert.notCalled(giveUp);
    assert.equal(redirects.resume(list), undefined, 'the same list, in another call');
    assert.equal(redirects.resume(list, call), 'begun');
    assert.equal(await calls.end(call, Promise.resolve('answered')), 'answered');
    sinon.assert.notCalled(giveUp);
    calls.send(call, lose);
    await assert.rejects(calls.end(call, Promise.reject(error)), error);
    sinon.assert.calledOnce(giveUp);
  });

  it('does not keep the process alive while it waits', () => {
    clock.restore();
    const before = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
    new Redirects<string>().wait([], 'begun', () => {});
    assert.equal(process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length, before);
  });

  it('knows which errors are followed', () => {
    const followed = ['MOVED 3999 10.0.0.1:6381', 'ASK 3999 10.0.0.1:6381', "READONLY You can't write against a read only replica."];
    for (const message of followed) assert.ok(isRedirect(new Error(message)), message);
    for (const message of ['MOVEDLY', 'ERR MOVED', 'WRONGTYPE x']) assert.ok(!isRedirect(new Error(message)), message);
    assert.ok(!isRedirect('MOVED 1 x'));
  });
});
