import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';

/**
 * Lets everybody at this machine see the page of the demo, because the demo listens on loopback alone. An application that
 * others can reach needs a guard that authenticates them.
 */
@Injectable()
export class OnThisMachine implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { socket } = context.switchToHttp().getRequest<{ socket: { remoteAddress?: string } }>();
    return /^(?:::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
  }
}
