/** Whether a repository's address leads to another machine: by https, by ssh, or in ssh's short form `user@host:path`. */
export function isRemoteRepository(url: string): boolean {
  return /^(https|ssh):\/\//.test(url) || /^[^/:]+@[^/:]+:/.test(url);
}
