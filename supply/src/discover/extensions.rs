//! Extensions: of editors by their identity, of Claude Desktop and Gemini CLI by their description, of browsers by the hosts
//! that they may read.
//!
//! Never here: servers that an extension brings (`servers.rs`). To add one of an editor: a row in `data/extensions.tsv`.

use serde_json::Value;

use super::{
    Component, Kind, Place, logs,
    shape::{word, words},
    tables,
};

/// An extension of an editor, if it brings an assistant.
pub(crate) fn editor(place: &Place, manifest: &Value) -> Option<Component> {
    let id = format!("{}.{}", word(manifest, "publisher")?, word(manifest, "name")?).to_lowercase();
    let row = tables::rows::<3>(tables::EXTENSIONS).find(|[known, ..]| *known == id);
    let contributes = manifest.get("contributes");
    let has = |key: &str| contributes.is_some_and(|contributes| contributes.get(key).is_some());
    let brings = [
        "mcpServerDefinitionProviders",
        "languageModelTools",
        "chatParticipants",
        "languageModelChatProviders",
    ]
    .into_iter()
    .find(|key| has(key));
    if row.is_none() && brings.is_none() {
        return None;
    }
    let mut found = Component::new(Kind::Extension, &id, &place.path, "extension.host");
    found.version = word(manifest, "version").map(str::to_owned);
    found.client = row.map(|[_, client, _]| client.to_owned());
    if let Some(brings) = brings {
        found = found.about("brings", brings);
    }
    found.unknown("the code of the extension");
    Some(found)
}

/// An extension of a client.
pub(crate) fn client(place: &Place, manifest: &Value) -> Component {
    let folder = place.parts.len().checked_sub(2).and_then(|at| place.parts.get(at));
    let name =
        word(manifest, "name").map(str::to_owned).or_else(|| folder.cloned()).unwrap_or_default();
    let mut found = Component::new(Kind::Extension, name, &place.path, "extension.host");
    found.version = word(manifest, "version").map(str::to_owned);
    let tools = manifest.get("tools").and_then(Value::as_array);
    let names: Vec<&str> =
        tools.into_iter().flatten().filter_map(|tool| word(tool, "name")).take(40).collect();
    if !names.is_empty() {
        found = found.about("tools", names.join(", "));
    }
    for tool in tools.into_iter().flatten().take(400) {
        let said = word(tool, "description").unwrap_or_default();
        let flags = crate::text::look("description", said);
        if crate::text::serious(&flags) {
            let name = word(tool, "name").unwrap_or_default();
            found.add(
                flags
                    .iter()
                    .take(3)
                    .map(|one| {
                        let sentence = format!(
                            "A tool's description: {} {}",
                            one.why,
                            writ_model::text::quote(&one.seen)
                        );
                        super::Reason::new(
                            "text.flagged",
                            sentence,
                            format!("{name}, {}", one.rule),
                        )
                    })
                    .collect(),
            );
        }
    }
    found.unknown("the code of the extension");
    found
}

/// An extension of a browser, if it may read what is said to an AI service, or says that it is one.
pub(crate) fn browser(place: &Place, manifest: &Value) -> Option<Component> {
    manifest.get("manifest_version")?;
    let scripts = manifest.get("content_scripts").and_then(Value::as_array);
    let mut hosts: Vec<&str> = words(manifest.get("host_permissions"));
    hosts.extend(words(manifest.get("permissions")));
    for script in scripts.into_iter().flatten() {
        hosts.extend(words(script.get("matches")));
    }
    let service = hosts.iter().find_map(|pattern| {
        let host = super::servers::host(pattern).trim_start_matches("*.").to_lowercase();
        logs::service(&host).map(|service| (host, service))
    })?;
    let name = word(manifest, "name").unwrap_or_default();
    let mut found = Component::new(Kind::Extension, name, &place.path, "extension.host")
        .about("reads", service.0)
        .about("vendor", service.1.vendor);
    found.version = word(manifest, "version").map(str::to_owned);
    found.sure = 80;
    if hosts.contains(&"<all_urls>") {
        found = found.about("reaches", "every page");
    }
    found.unknown("the code of the extension");
    Some(found)
}

/// Whether a place is the description of a browser's extension: `…/Extensions/<32 letters>/<version>/manifest.json`.
pub(crate) fn is_browser(place: &Place) -> bool {
    let part = |back: usize| place.parts.len().checked_sub(back).and_then(|at| place.parts.get(at));
    place.name() == "manifest.json"
        && part(4).is_some_and(|part| part == "Extensions")
        && part(3).is_some_and(|part| {
            part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_lowercase())
        })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::discover::{Mode, Verdict};

    #[test]
    fn extensions_that_bring_an_assistant_are_found_and_others_are_not() {
        let place = Place::of(Path::new("/home/ada/.vscode/extensions/x/package.json"), Mode::Host);
        let known = json!({"publisher": "GitHub", "name": "copilot", "version": "1.300.0"});
        let found = editor(&place, &known).unwrap();
        assert_eq!(
            (found.client.as_deref(), found.finding),
            (Some("GitHub Copilot"), Verdict::Unknown)
        );
        let brings = json!({"publisher": "a", "name": "b", "contributes": {"mcpServerDefinitionProviders": []}});
        assert!(editor(&place, &brings).is_some());
        assert!(
            editor(&place, &json!({"publisher": "a", "name": "theme", "contributes": {}}))
                .is_none()
        );
        let path = "/home/ada/.config/google-chrome/Default/Extensions/abcdefghijklmnopabcdefghijklmnop/1.0_0/manifest.json";
        let place = Place::of(Path::new(path), Mode::Host);
        assert!(is_browser(&place));
        let reads = json!({"manifest_version": 3, "name": "Helper", "host_permissions": ["https://*.chatgpt.com/*"]});
        assert_eq!(browser(&place, &reads).unwrap().about["vendor"], "OpenAI");
        assert!(
            browser(
                &place,
                &json!({"manifest_version": 3, "name": "X", "permissions": ["storage"]})
            )
            .is_none()
        );
    }
}
