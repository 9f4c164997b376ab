import { HttpService } from '@nestjs/axios';
import type { AxiosStatic } from 'axios';

/**
 * The same axios that the application's `@nestjs/axios` uses.
 *
 * axios ships an ESM and a CommonJS build. A library that imports `axios` can get another build than its application,
 * and then `error instanceof AxiosError` is false there. So values come from here, and only types are imported from
 * `axios`. Never change the defaults or interceptors of this instance: they are the application's.
 */
export const applicationAxios = new HttpService().axiosRef as AxiosStatic;
