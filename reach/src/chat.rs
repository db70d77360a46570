//! A line in a chat with a link: a Microsoft Teams card or a Slack message by an incoming webhook.
//!
//! Never here: content. SECURITY: a chat is read by whoever is in it and kept by somebody else, so it only says that something
//! waits and where; every word stands in a form that the chat does not interpret.
//! To add a chat: a variant, its body.

use serde_json::{Value, json};

use crate::{Ask, Place};

/// Which chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chat {
    /// Microsoft Teams: an Adaptive Card, as its workflow "post to a channel when a webhook request is received" wants it.
    Teams,
    /// Slack: an incoming webhook.
    Slack,
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// At whom: a client's name.
    pub client: &'a str,
    /// What, without content: `a decision waits`.
    pub words: &'a str,
    /// Where to read on; an address of ours.
    pub link: &'a str,
}

/// The request that says it.
pub fn ask(chat: Chat, to: Place, line: Line<'_>) -> Ask {
    let body = match chat {
        Chat::Teams => teams(line),
        Chat::Slack => slack(line),
    };
    Ask::json(to, body.to_string().into_bytes())
}

fn teams(line: Line<'_>) -> Value {
    // A TextBlock would read Markdown, and with it links; a TextRun reads nothing.
    let run = |text: String| json!({"type": "TextRun", "text": text});
    let card = json!({
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{
            "type": "RichTextBlock",
            "inlines": [run(format!("{}: {}", line.client, line.words))],
        }],
        "actions": [{"type": "Action.OpenUrl", "title": "Open in Writ", "url": line.link}],
    });
    let kind = "application/vnd.microsoft.card.adaptive";
    json!({
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": null, "content": card}],
    })
}

fn slack(line: Line<'_>) -> Value {
    let words = format!("{}: {}", line.client, line.words);
    json!({
        // Shown in notifications; Slack asks for these three to be escaped and reads nothing else as markup with mrkdwn off.
        "text": words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        "mrkdwn": false,
        "unfurl_links": false,
        "blocks": [
            {"type": "section", "text": {"type": "plain_text", "text": words, "emoji": false}},
            {"type": "section", "text": {"type": "mrkdwn", "text": format!("<{}|Open in Writ>", line.link)}},
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Line<'_> = Line {
        client: "[Harbor](http://evil.example) <!channel> *Books*",
        words: "a decision waits",
        link: "https://writ.example/a/hld_01j9z3k4m5n6p7q8r9s0t1v2w3",
    };

    #[test]
    fn a_card_interprets_nothing_but_its_link() {
        let card = teams(LINE);
        let content = &card["attachments"][0]["content"];
        assert_eq!(
            card["attachments"][0]["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
        let run = &content["body"][0]["inlines"][0];
        assert_eq!(run["type"], "TextRun");
        assert_eq!(run["text"], format!("{}: {}", LINE.client, LINE.words));
        assert_eq!(content["actions"][0]["url"], LINE.link);
    }

    #[test]
    fn slack_escapes_and_reads_only_our_link_as_markup() {
        let said = slack(LINE);
        assert_eq!(said["mrkdwn"], false);
        assert!(!said["text"].as_str().unwrap().contains(['<', '>']));
        assert_eq!(said["blocks"][0]["text"]["type"], "plain_text");
        let link = said["blocks"][1]["text"]["text"].as_str().unwrap();
        assert_eq!(link, format!("<{}|Open in Writ>", LINE.link));
    }
}
