//! The operator's file, right and wrong.

use super::*;

#[test]
fn a_full_file_is_read() {
    let config = Config::parse(
        r#"
        [desk]
        listen = "127.0.0.1:0"
        origin = "https://writ.example"
        attestation_roots = "makers.pem"
        [gateway]
        listen = "[::1]:9001"
        base = "https://tools.example"
        [[server]]
        name = "files"
        client = "harbor-books"
        command = ["npx", "x"]
        env = { PATH = "/usr/bin" }
        folder = "/srv"
        [[server]]
        name = "mail"
        template = "mcp-server-fetch"
        url = "http://127.0.0.1:9000/mcp"
        [[server]]
        name = "desk"
        wrapped = true
        "#,
    )
    .unwrap();
    assert_eq!(config.desk, "127.0.0.1:0".parse().unwrap());
    assert_eq!(config.gateway, "[::1]:9001".parse().unwrap());
    assert_eq!(config.origin.as_deref(), Some("https://writ.example"));
    assert_eq!(config.base.as_deref(), Some("https://tools.example"));
    assert_eq!(config.attestation_roots, Some(PathBuf::from("makers.pem")));
    assert_eq!(Config::default().origin_at(config.gateway), "http://localhost:9001");
    assert_eq!(config.servers.len(), 3);
    assert_eq!(config.servers[0].client.as_deref(), Some("harbor-books"));
    assert_eq!(config.servers[2].place, Place::Wrapped);
    assert_eq!(config.servers[1].template.as_deref(), Some("mcp-server-fetch"));
    let unknown = "[[server]]\nname = \"a\"\nwrapped = true\ntemplate = \"mcp-server-nobody\"";
    let problems = Config::parse(unknown).unwrap_err();
    assert!(problems[0].starts_with("server 1.template: no template is known"), "{problems:?}");
    assert_eq!(Config::parse("").unwrap(), Config::default());
    let open = "[gateway]\nlisten = \"0.0.0.0:7421\"\nbehind_proxy = true";
    assert_eq!(Config::parse(open).unwrap().gateway, "0.0.0.0:7421".parse().unwrap());
}

#[test]
fn every_problem_is_reported_at_once() {
    let problems = Config::parse(
        r#"
        colour = "red"
        [desk]
        listen = "0.0.0.0:7420"
        origin = "http://0.0.0.0:7420"
        port = 3
        issuer = "http://writ.example"
        [gateway]
        listen = 7421
        base = "https://tools.example/mcp"
        [[server]]
        url = "http://a/"
        command = ["x"]
        [[server]]
        name = "files"
        command = "npx"
        env = { A = 1 }
        secret = "x"
        "#,
    )
    .unwrap_err();
    for wanted in [
        "colour: unknown key",
        "desk.listen: not loopback",
        "desk.origin: ",
        "desk.port: unknown key",
        "desk.issuer: ",
        "gateway.base: write https://NAME, without a path",
        "gateway.listen: write a text",
        "server 1: has no name",
        "server 1: give one of",
        "server 2.command: write a list",
        "server 2.env: write names",
        "server 2.secret: unknown key",
    ] {
        assert!(
            problems.iter().any(|problem| problem.starts_with(wanted)),
            "{wanted}: {problems:#?}"
        );
    }
}
