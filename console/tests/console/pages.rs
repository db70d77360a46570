//! Every page with every sample: it renders, it is small, it links only to what exists, it can be read by everybody.

use std::collections::BTreeSet;

use writ_console::{asset, page, route};

/// LIMIT: bytes of one page's HTML.
const MOST: usize = 100_000;

/// Values of an attribute, in order.
fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    let mark = format!(" {attribute}=\"");
    html.split(mark.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Opening tags of a name, without their brackets.
fn tags<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let mark = format!("<{name}");
    let open = html.split(mark.as_str()).skip(1).filter_map(|rest| rest.split('>').next());
    open.filter(|tag| tag.is_empty() || tag.starts_with([' ', '\n'])).collect()
}

fn has(tag: &str, attribute: &str) -> bool {
    tag.contains(&format!(" {attribute}=\"")) || tag.ends_with(&format!(" {attribute}"))
}

#[test]
fn there_are_samples_and_they_are_small() {
    let all = page::samples();
    assert!(all.len() > 85, "{}", all.len());
    for (name, html) in &all {
        assert!(
            html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"),
            "{name}"
        );
        assert!(html.len() < MOST, "{name}: {} bytes", html.len());
        assert!(!html.contains("{{") && !html.contains("{%"), "{name}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    for (name, html) in page::samples() {
        for link in values(&html, "href").into_iter().chain(values(&html, "action")) {
            let inside =
                link.strip_prefix('#').is_some_and(|id| html.contains(&format!("id=\"{id}\"")));
            let oidc = link.starts_with("/oidc/sign-in");
            // The desk's own door to where an account is.
            let account = link.starts_with("https://writ.example/upstream/connect/");
            assert!(inside || oidc || account || route::known(link), "{name}: {link}");
        }
        let assets: Vec<String> = asset::ALL.iter().map(|one| one.href()).collect();
        for link in values(&html, "href").into_iter().filter(|link| link.starts_with("/asset/")) {
            assert!(assets.iter().any(|one| one == link), "{name}: {link}");
        }
    }
}

#[test]
fn nothing_is_inline() {
    for (name, html) in page::samples() {
        assert!(values(&html, "style").is_empty(), "{name} has an inline style");
        assert!(tags(&html, "style").is_empty(), "{name} has a style element");
        for tag in tags(&html, "script") {
            assert!(has(tag, "src"), "{name} has an inline script");
        }
        for event in ["onclick", "onsubmit", "onload", "onerror", "oninput", "onchange"] {
            assert!(values(&html, event).is_empty(), "{name} has {event}");
        }
        assert!(!html.contains("javascript:"), "{name}");
    }
}

#[test]
fn pages_have_language_landmarks_and_headings_in_order() {
    for (name, html) in page::samples() {
        assert!(html.contains("<html lang=\"en\">"), "{name}");
        assert_eq!(tags(&html, "main").len(), 1, "{name}");
        assert!(html.contains("class=\"skip\" href=\"#main\""), "{name}");
        assert_eq!(tags(&html, "h1").len(), 1, "{name} has one h1");
        let title = html.split("<title>").nth(1).unwrap().split('<').next().unwrap();
        assert!(title.ends_with("Writ") && !title.starts_with(' '), "{name}: {title}");
        let mut last = 0;
        let main = html.split("<main").nth(1).unwrap();
        let levels = main.split("<h").skip(1).filter_map(|rest| rest.chars().next());
        for level in levels.filter_map(|digit| digit.to_digit(10)) {
            assert!(level <= last + 1, "{name}: h{level} after h{last}");
            last = level;
        }
    }
}

#[test]
fn inputs_have_labels_and_tables_have_captions() {
    for (name, html) in page::samples() {
        let labelled: BTreeSet<&str> = values(&html, "for").into_iter().collect();
        for tag in ["input", "select", "textarea"].iter().flat_map(|kind| tags(&html, kind)) {
            let hidden = tag.contains("type=\"hidden\"");
            let inside = tag.contains("type=\"radio\"") || tag.contains("type=\"checkbox\"");
            let id = values(tag, "id").first().copied().unwrap_or_default().to_owned();
            let named = has(tag, "aria-label") || labelled.contains(id.as_str());
            assert!(hidden || inside || named, "{name}: <input{tag}>");
        }
        assert_eq!(tags(&html, "table").len(), tags(&html, "caption").len(), "{name}");
        for tag in tags(&html, "th") {
            assert!(has(tag, "scope"), "{name}: <th{tag}>");
        }
        for tag in tags(&html, "svg") {
            assert!(has(tag, "aria-hidden") || has(tag, "aria-label"), "{name}: <svg{tag}>");
        }
        for tag in tags(&html, "img") {
            assert!(has(tag, "alt"), "{name}: <img{tag}>");
        }
    }
}

#[test]
fn ids_are_unique_and_what_refers_to_them_finds_them() {
    for (name, html) in page::samples() {
        let ids = values(&html, "id");
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: {ids:?}");
        for attribute in ["aria-labelledby", "aria-describedby", "for", "list"] {
            for id in values(&html, attribute) {
                assert!(unique.contains(id), "{name}: {attribute}={id}");
            }
        }
    }
}

#[test]
fn forms_that_change_carry_the_token() {
    for (name, html) in page::samples() {
        for form in html.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next()) {
            let posts = form.split('>').next().unwrap().contains("method=\"post\"");
            // The very first person has no session yet, and so no token; the desk checks where it comes from.
            let first = name == "first-full";
            let carries = form.contains("name=\"csrf\" value=\"sample-token\"");
            assert!(!posts || first || carries, "{name}");
        }
    }
}

#[test]
fn what_others_wrote_stays_text() {
    let all = page::samples();
    let (_, html) = all.iter().find(|(name, _)| name == "call-refused").unwrap();
    assert!(!html.contains("<b>IGNORE"), "an argument became markup");
    assert!(html.contains("IGNORE PREVIOUS INSTRUCTIONS"));
}

#[test]
fn a_client_is_always_visible() {
    for (name, html) in page::samples() {
        if html.contains("class=\"letter\"") {
            continue;
        }
        let place =
            html.split("class=\"place\"").nth(1).unwrap().split("</header>").next().unwrap();
        let named = ["Harbor Books", "All clients", "Northgate Managed IT"];
        assert!(named.iter().any(|one| place.contains(one)), "{name}");
        assert!(html.contains("class=\"stripe\""), "{name}");
    }
}

#[test]
fn the_keyboard_goes_through_a_page_in_reading_order() {
    for (name, html) in page::samples() {
        for index in values(&html, "tabindex") {
            assert!(matches!(index, "0" | "-1"), "{name}: tabindex {index}");
        }
        let body = html.split("<body>").nth(1).unwrap();
        let first = body.split("<a ").nth(1).unwrap();
        assert!(first.starts_with("class=\"skip\""), "{name}: the first stop leads to the content");
        for form in body.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next()) {
            let last = form.rfind("<button").unwrap_or(form.len());
            for field in ["<input", "<select", "<textarea"] {
                let found = form.rfind(field).unwrap_or(0);
                assert!(found < last, "{name}: {field} after the button that sends it");
            }
        }
        for autofocus in tags(&html, "input") {
            let search = name.starts_with("find");
            assert!(search || !autofocus.contains("autofocus"), "{name} moves the focus");
        }
    }
}

#[test]
fn passkeys_are_asked_for_only_where_the_script_and_a_way_without_it_are() {
    let mut found = 0;
    for (name, html) in page::samples() {
        let parts = html.split("data-passkey=").skip(1).count();
        let asks = parts > 0 || html.contains("data-link-login") || html.contains("data-copy");
        assert!(!asks || html.contains(&asset::passkey()), "{name} does not load the script");
        assert_eq!(html.matches("data-go").count(), parts, "{name}: one button each");
        assert_eq!(html.matches("data-nojs").count(), parts, "{name}: words without the script");
        for part in html.split("data-passkey=").skip(1) {
            assert!(part.contains("aria-live=\"polite\""), "{name}: says what happens");
        }
        found += parts;
    }
    assert!(found > 8, "{found}");
}
