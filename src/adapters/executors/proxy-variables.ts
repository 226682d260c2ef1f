/** Opens a way through the proxy for SSH, whose own word for that is a program: nothing but bash is needed. */
const TUNNEL = `proxy="\${HTTP_PROXY#http://127.0.0.1:}"
exec 3<>"/dev/tcp/127.0.0.1/$proxy" || exit 1
printf 'CONNECT %s:%s HTTP/1.1\\r\\n\\r\\n' "$1" "$2" >&3
read -r _ status _ <&3
while read -r line <&3 && [ "\${#line}" -gt 1 ]; do :; done
if [ "$status" != 200 ]; then cat <&3 >&2; exit 1; fi
cat <&3 &
cat >&3
wait $!`;

/** Variables of a build whose way out is the proxy on the port, by the names that programs know. */
export function proxyVariables(port: number): Readonly<Record<string, string>> {
  const proxy = `http://127.0.0.1:${port}`;
  const own = "127.0.0.1,localhost,::1";
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    NO_PROXY: own,
    no_proxy: own,
    // Node's own clients look at the variables only when they are told to.
    NODE_USE_ENV_PROXY: "1",
    MOBIUS_TUNNEL: TUNNEL,
    GIT_SSH_COMMAND: `ssh -o ProxyCommand='bash -c "$MOBIUS_TUNNEL" bash %h %p'`,
  };
}

/** Their names: what a program that gives others an environment of its own must hand on. */
export const PROXY_VARIABLES: readonly string[] = Object.keys(proxyVariables(0));
