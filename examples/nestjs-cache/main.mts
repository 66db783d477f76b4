// A NestJS service whose answers are cached in Redis. There is no tracing in it, on purpose.
import 'reflect-metadata';
import KeyvRedis from '@keyv/redis';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Module, Param, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

@Controller('forecast')
@UseInterceptors(CacheInterceptor)
class ForecastController {
  private asked = 0;

  @Get(':city')
  read(@Param('city') city: string) {
    this.asked += 1;
    return { city, celsius: city.length, computed: this.asked };
  }
}

const cache = CacheModule.register({ ttl: 60_000, stores: [new KeyvRedis(process.env.REDIS_URL)] });

@Module({ imports: [cache], controllers: [ForecastController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
console.log(`listening on ${app.getHttpServer().address().port}`);
