import type { Platform } from "../../core/platform/platform.ts";
import type { NotificationPorts } from "./notification-ports.ts";

/** One stream that has grown, and what its messages are made with. */
export interface Filling {
  readonly ports: NotificationPorts;
  readonly platform: Platform;
  readonly stream: string;
  /** How far it was read before. */
  readonly sequence: number;
}
