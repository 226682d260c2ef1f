import type { Document, Documents } from "../../ports/documents.ts";

const COLLECTION = "build-subscriptions";
/** Subscriptions of one project: each gets every message. */
export const MAX_SUBSCRIPTIONS = 20;

/** A program that is told of every new status of a project's builds. Its URL is a secret, for it may let in. */
export interface Subscription {
  readonly id: string;
  readonly environment: string;
  readonly project: string;
  /** The URL's host and port, for people. */
  readonly receiver: string;
}

/** The secret of the environment that holds the subscription's URL. */
export function urlSecret(id: string): string {
  return `build-subscription-${id}`;
}

/** The channel of its messages. */
export function pushChannel(id: string): string {
  return `push/${id}`;
}

/** All of a project, by id. */
export async function subscriptionsOf(documents: Documents, project: string): Promise<readonly Subscription[]> {
  const found = await documents.list<Subscription>({
    collection: COLLECTION,
    prefix: `${project}/`,
    limit: MAX_SUBSCRIPTIONS,
  });
  return found.map(({ value }) => value);
}

/** The one of that id, in whatever project. */
export async function subscriptionNamed(documents: Documents, id: string): Promise<Subscription | undefined> {
  const limit = 1_000;
  const found: readonly Document<Subscription>[] = await documents.list({ collection: COLLECTION, prefix: "", limit });
  return found.find(({ value }) => value.id === id)?.value;
}

/** Keeps a new one. */
export async function keepSubscription(documents: Documents, subscription: Subscription): Promise<void> {
  await documents.put(COLLECTION, `${subscription.project}/${subscription.id}`, subscription, 0);
}

/** Forgets one. */
export async function dropSubscription(documents: Documents, { project, id }: Subscription): Promise<void> {
  await documents.remove(COLLECTION, `${project}/${id}`);
}
