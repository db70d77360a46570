//! Packages of servers whose names others imitate.
//!
//! Never here: a judgment about a package of another name. To add one: a row in [`KNOWN`].

use crate::names::{Likeness, likeness};

/// Packages with many users whose publishers are known (npm and `PyPI`).
const KNOWN: [&str; 40] = [
    "@modelcontextprotocol/server-filesystem",
    "@modelcontextprotocol/server-github",
    "@modelcontextprotocol/server-memory",
    "@modelcontextprotocol/server-everything",
    "@modelcontextprotocol/server-sequential-thinking",
    "@modelcontextprotocol/server-slack",
    "@modelcontextprotocol/server-postgres",
    "@modelcontextprotocol/server-puppeteer",
    "@modelcontextprotocol/server-brave-search",
    "@modelcontextprotocol/server-google-maps",
    "@modelcontextprotocol/server-gdrive",
    "@modelcontextprotocol/server-gitlab",
    "@modelcontextprotocol/inspector",
    "@modelcontextprotocol/sdk",
    "@playwright/mcp",
    "@upstash/context7-mcp",
    "@notionhq/notion-mcp-server",
    "@stripe/mcp",
    "@supabase/mcp-server-supabase",
    "@sentry/mcp-server",
    "@cloudflare/mcp-server-cloudflare",
    "@browserbasehq/mcp-server-browserbase",
    "@anthropic-ai/claude-code",
    "@anthropic-ai/sdk",
    "@openai/codex",
    "@google/gemini-cli",
    "firecrawl-mcp",
    "figma-developer-mcp",
    "chrome-devtools-mcp",
    "mcp-remote",
    "tavily-mcp",
    "exa-mcp-server",
    "mcp-server-fetch",
    "mcp-server-git",
    "mcp-server-time",
    "mcp-server-sqlite",
    "postmark-mcp-server",
    "fastmcp",
    "openai",
    "anthropic",
];

/// The known package that this one's name is nearly, and is not.
pub(crate) fn like_known(package: &str) -> Option<&'static str> {
    if KNOWN.contains(&package) {
        return None;
    }
    KNOWN.into_iter().find(|known| {
        // A scope of one's own under the same name is everybody's right; one letter away is nobody's.
        match (package.split_once('/'), known.split_once('/')) {
            (Some((scope, name)), Some((theirs, known))) => {
                (scope != theirs && name == known && near(scope, theirs))
                    || (scope == theirs && near(name, known))
            }
            (None, None) => known.len() >= 6 && near(package, known),
            _ => false,
        }
    })
}

fn near(one: &str, other: &str) -> bool {
    matches!(likeness(one, other), Some(Likeness::Lookalike | Likeness::OneOff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imitations_are_seen_and_neighbors_let_be() {
        assert!(like_known("@modelcontextprotoco1/server-github").is_some());
        assert!(like_known("@modelcontextprotocol/server-githb").is_some());
        assert!(like_known("mcp-server-gitt").is_some());
        for fine in [
            "@modelcontextprotocol/server-git",
            "my-mcp-server",
            "@acme/server-github",
            "mcp-server-docker",
            "openapi-mcp",
        ] {
            assert_eq!(like_known(fine), None, "{fine}");
        }
    }
}
