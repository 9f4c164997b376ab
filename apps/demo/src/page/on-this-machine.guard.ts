import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';

/**
 * Who may see the page of the demo: whoever sits at this machine. The demo listens on loopback alone. An application that
 * others can reach asks for who they are instead.
 */
@Injectable()
export class OnThisMachine implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { socket } = context.switchToHttp().getRequest<{ socket: { remoteAddress?: string } }>();
    return /^(?:::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
  }
}
