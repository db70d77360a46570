//! [`Inside`]: the rehearsed agent at work: one connection and one open stream at each gateway, calls, and what it is told
//! once it is ended.
//!
//! Never here: a retry that hides a refusal: a call with the token it has is answered by the gateway alone, so what is
//! timed is the gateway. To look at one more door: a probe beside [`Inside::token`].

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::{BoxFuture, join_all};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};
use writ_desk::{AfterEnd, NotPlayed, Part, RefusedCall, Rogue, Seen};
use writ_model::{Clock, GatewayId, InstanceId};

use super::Means;
use crate::{
    agent::{Holder, KeyFile},
    carry::{Authorizer, Carrier},
    fault::{Exit, Fault},
    mcp::{Client, McpFault, Revision, client::Exchange, client::Step},
};

/// A tool that nobody grants by name.
const FORBIDDEN: &str = "writ-drill-outside-every-grant";
/// LIMIT: calls of one probe; at some hundred a second this is longer than any ending takes.
const PROBES: u32 = 20_000;

/// An agent that is inside.
#[derive(Debug)]
pub(super) struct Inside {
    file: KeyFile,
    means: Means,
    posts: Vec<Post>,
}

/// The agent at one gateway.
#[derive(Debug)]
struct Post {
    gateway: GatewayId,
    base: String,
    client: Client,
    /// Ends with the instant at which the stream did.
    watch: Option<JoinHandle<u64>>,
}

impl Inside {
    /// Opens a connection and a stream at every gateway.
    ///
    /// # Errors
    /// If one does not open.
    pub(super) async fn enter(means: Means, file: KeyFile, part: &Part) -> Result<Self, Fault> {
        let mut posts = Vec::new();
        for (gateway, base) in &part.gateways {
            posts.push(post(&means, &file, (*gateway, base), &part.server).await?);
        }
        Ok(Self { file, means, posts })
    }

    fn now(&self) -> u64 {
        self.means.clock.monotonic_micros()
    }

    /// Asks for a token until it is refused. A holder that knows none asks anew each time.
    async fn token(&self) -> Seen {
        let base = self.posts.first().map(|post| post.base.clone()).unwrap_or_default();
        let seen =
            |refused, words: String| Seen { gateway: None, at_us: self.now(), refused, words };
        for _ in 0..PROBES {
            let asked = match self.means.holder(&self.file, &base) {
                Ok(holder) => holder.token(&format!("{base}/mcp")).await,
                Err(why) => Err(why),
            };
            match asked {
                Ok(_token) => {}
                Err(why) if why.exit == Exit::Unreachable => return seen(false, why.to_string()),
                Err(why) => return seen(true, why.to_string()),
            }
        }
        seen(false, "it still gets a token".to_owned())
    }
}

async fn post(
    means: &Means,
    file: &KeyFile,
    (gateway, base): (GatewayId, &str),
    server: &str,
) -> Result<Post, Fault> {
    let no = |why: McpFault| Fault::refused(format!("{server} at {base}: {why}"));
    let base = base.trim_end_matches('/').to_owned();
    let uri: Uri = format!("{base}/mcp/{server}")
        .parse()
        .map_err(|_bad| Fault::usage(format!("`{base}` is no address")))?;
    let stubborn = Arc::new(Stubborn(means.holder(file, &base)?));
    let carrier = Carrier::new(means.http.clone(), stubborn);
    let client = Client::connect(carrier, uri, Revision::V2026, "drill").await.map_err(no)?;
    let params = json!({"notifications": {}});
    let stream = client.open("subscriptions/listen", params).await.map_err(no)?;
    let watch = match stream {
        Exchange::Stream(_) => Some(tokio::spawn(until_cut(stream, Arc::clone(&means.clock)))),
        Exchange::Whole(_) => None,
    };
    Ok(Post { gateway, base, client, watch })
}

/// Reads a stream to its end, and says when that was.
async fn until_cut(mut stream: Exchange, clock: Arc<dyn Clock>) -> u64 {
    while let Ok(Step::Notice(_)) = stream.next().await {}
    clock.monotonic_micros()
}

impl Post {
    /// Calls with the token it has, until that is refused.
    async fn calls(&self, clock: &dyn Clock) -> Seen {
        let seen = |refused, words| Seen {
            gateway: Some(self.gateway),
            at_us: clock.monotonic_micros(),
            refused,
            words,
        };
        for _ in 0..PROBES {
            match self.client.call_tool(FORBIDDEN, json!({})).await {
                // What no grant covers is refused before the end as well: only a dead credential ends the agent.
                Err(McpFault::Status { status: status @ (401 | 403), .. }) => {
                    return seen(true, format!("HTTP {status}"));
                }
                Err(McpFault::Refused { data, message, .. }) if ended(&data) => {
                    return seen(true, code(&data).unwrap_or(message));
                }
                Err(McpFault::Unsent(why)) if why.exit == Exit::Unreachable => {
                    return seen(false, why.to_string());
                }
                Ok(_) | Err(_) => {}
            }
        }
        seen(false, "its token is still taken".to_owned())
    }

    /// The end of its stream.
    async fn cut(&mut self, clock: &dyn Clock) -> Option<Seen> {
        let watch = self.watch.as_mut()?;
        let gateway = Some(self.gateway);
        Some(match watch.await {
            Ok(at_us) => Seen { gateway, at_us, refused: true, words: "cut".to_owned() },
            Err(died) => {
                let at_us = clock.monotonic_micros();
                Seen { gateway, at_us, refused: false, words: died.to_string() }
            }
        })
    }
}

/// Whether a refusal says that the agent or its credential is ended.
fn ended(data: &Value) -> bool {
    const ENDED: [&str; 7] =
        ["DENY-0001", "DENY-0002", "DENY-0003", "DENY-0004", "DENY-0005", "DENY-0006", "DENY-0007"];
    code(data).is_some_and(|code| ENDED.contains(&code.as_str()))
}

fn code(data: &Value) -> Option<String> {
    data.get("code").and_then(Value::as_str).map(str::to_owned)
}

#[async_trait]
impl Rogue for Inside {
    fn instance(&self) -> InstanceId {
        self.file.instance.client_id
    }

    fn streams(&self) -> u32 {
        let open = self.posts.iter().filter(|post| post.watch.is_some()).count();
        u32::try_from(open).unwrap_or(u32::MAX)
    }

    async fn misbehave(&mut self) -> Result<RefusedCall, NotPlayed> {
        let post = self.posts.first().ok_or_else(|| NotPlayed("no gateway runs".to_owned()))?;
        let told = post.client.call_tool(FORBIDDEN, json!({})).await;
        let at_us = self.means.clock.monotonic_micros();
        match told {
            Ok(_) => Err(NotPlayed(
                "its grants cover every tool there, so no call of it can be outside of them"
                    .to_owned(),
            )),
            Err(McpFault::Refused { data, message, .. }) => {
                let words = code(&data).unwrap_or(message);
                let seen = Seen { gateway: Some(post.gateway), at_us, refused: true, words };
                let call = data.get("call_id").and_then(Value::as_str);
                Ok(RefusedCall { seen, call: call.and_then(|call| call.parse().ok()) })
            }
            Err(why) => Err(NotPlayed(format!("its call was not answered: {why}"))),
        }
    }

    async fn watch_end(&mut self, wait_us: u64) -> AfterEnd {
        let (patience, clock) = (Duration::from_micros(wait_us), Arc::clone(&self.means.clock));
        let late = |gateway, words: &str| {
            let at_us = clock.monotonic_micros();
            Seen { gateway, at_us, refused: false, words: words.to_owned() }
        };
        let token = async {
            let asked = timeout(patience, self.token()).await;
            asked.unwrap_or_else(|_elapsed| late(None, "it still gets a token"))
        };
        let calls = join_all(self.posts.iter().map(|post| async {
            let called = timeout(patience, post.calls(clock.as_ref())).await;
            called.unwrap_or_else(|_elapsed| late(Some(post.gateway), "its token is still taken"))
        }));
        let (token, calls) = futures_util::future::join(token, calls).await;
        // The streams were watched all the while: each says itself when it ended.
        let streams = join_all(self.posts.iter_mut().map(|post| async {
            let gateway = Some(post.gateway);
            match timeout(patience, post.cut(clock.as_ref())).await {
                Ok(seen) => seen,
                Err(_elapsed) => Some(late(gateway, "its stream is still open")),
            }
        }));
        let streams = streams.await.into_iter().flatten().collect();
        AfterEnd { streams, calls, token }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        for watch in self.posts.iter().filter_map(|post| post.watch.as_ref()) {
            watch.abort();
        }
    }
}

/// Shows the token it has and no other: after the end, a gateway's answer is the gateway's own and not the desk's.
#[derive(Debug)]
struct Stubborn(Arc<Holder>);

impl Authorizer for Stubborn {
    fn authorize<'a>(
        &'a self,
        method: &'a Method,
        uri: &'a Uri,
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        self.0.authorize(method, uri, headers)
    }

    fn learn(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        let mut told = headers.get_all(header::WWW_AUTHENTICATE).iter();
        let nonce =
            told.any(|value| value.to_str().is_ok_and(|text| text.contains("use_dpop_nonce")));
        // Not asked for a proof: nothing is learned, or the holder would fetch another token.
        nonce && self.0.learn(status, headers)
    }
}
