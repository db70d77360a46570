//! temporary
#![allow(warnings)]
#[path = "../tests/road/world.rs"]
mod world;
use world::{Says, World};
use writ_authority::grant::Surface;
use writ_gateway::{Command, Place, Server, Target};
#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut servers = vec![];
    for spec in &args[1..] {
        let (name, rest) = spec.split_once('=').unwrap();
        let at = if rest.starts_with("http") {
            Place::Http(Target::parse(rest).unwrap())
        } else {
            let mut parts = rest.split(' ').map(str::to_owned);
            Place::Command(Command {
                program: parts.next().unwrap().into(),
                arguments: parts.collect(),
                env: [("PATH".to_owned(), std::env::var("PATH").unwrap())].into(),
                folder: None,
            })
        };
        servers.push(Server { name: name.to_owned(), client: None, at });
    }
    let names: Vec<String> = servers.iter().map(|s| s.name.clone()).collect();
    let world = World::new(servers).await;
    let agent = world.agent(1).await;
    for name in &names {
        for surface in [Surface::Tool, Surface::Resource, Surface::Prompt] {
            for what in if surface == Surface::Tool {
                vec!["e*", "a*", "get-*", "long*", "trigger*", "g*", "list*", "r*", "s*"]
            } else {
                vec!["*"]
            } {
                world.grant(&agent, Says { surface, ..Says::tool(name, what) }).await;
            }
        }
    }
    let tokens: std::collections::BTreeMap<_, _> = names
        .iter()
        .map(|n| (n.clone(), world.token(&agent, &world.url(&format!("/mcp/{n}")))))
        .collect();
    use base64::Engine as _;
    let p8 =
        base64::engine::general_purpose::STANDARD.encode(agent.key.to_pkcs8().unwrap().expose());
    use writ_model::Clock as _;
    println!(
        "{}",
        serde_json::json!({"base": world.gateway.base(), "tokens": tokens, "key": p8, "now": world.clock.now().seconds()})
    );
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    for r in world.records(agent.tenant).await {
        println!("{} {} {} {:?} {}", r.method, r.surface, r.name, r.effect, r.code);
    }
    println!("{:?}", world.gateway.counters());
    world.gateway.halt().await;
}
