// Stands in for a database that answers in 5 to 20 ms.
import { setTimeout as sleep } from 'node:timers/promises';

const query = () => sleep(5 + Math.random() * 15);
const user = (id) => ({ id, name: `User ${id}`, plan: id % 3 === 0 ? 'pro' : 'free' });

export async function findUser(id) {
  await query();
  return user(id);
}

export async function findUsers(ids) {
  await query();
  return ids.map((id) => [id, user(id)]);
}

export async function placeOrder(userId) {
  await query();
  return { userId, order: 1_000 + userId };
}
