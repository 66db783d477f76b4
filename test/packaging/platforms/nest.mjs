// A user's service: NestJS with a cache in Redis, and no line of tracing in it.
import 'reflect-metadata';
import { createKeyv } from '@keyv/redis';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

class AppModule {}
Module({
  imports: [CacheModule.registerAsync({ useFactory: () => ({ stores: [createKeyv(process.env.REDIS_URL)] }) })],
})(AppModule);

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const cache = app.get(CACHE_MANAGER);
await cache.set('user:7', 'Ada', 60_000);
console.log(await cache.get('user:7'));
await cache.disconnect();
await app.close();
