//! One span for each request, for whoever follows calls over several systems. Off, it costs a look at a flag.
//!
//! Never here: a name or an argument that an agent chose, and whatever else a ledger or a record should hold.
//! To say one more thing: a field of the span, empty at first, and who records it.

use http::HeaderMap;
use tracing::{Level, Span, field::Empty, info_span, span_enabled};
use writ_model::ocsf::Disposition;

use crate::identify::Identified;

/// LIMIT: bytes of a `traceparent`: of version 00 it has 55, later ones may add to it (W3C Trace Context, section 3.2).
const PARENT: usize = 128;

/// The span of a request.
pub(crate) fn span(headers: &HeaderMap) -> Span {
    let parent = || {
        let text = headers.get("traceparent").and_then(|value| value.to_str().ok());
        text.filter(|text| text.len() <= PARENT).unwrap_or_default()
    };
    info_span!(target: "writ.trace", "call", traceparent = parent(), tenant = Empty, agent = Empty,
        server = Empty, effect = Empty, code = Empty)
}

fn on() -> bool {
    span_enabled!(target: "writ.trace", Level::INFO)
}

/// Who calls which server.
pub(crate) fn who(who: &Identified, server: &str) {
    if on() {
        let span = Span::current();
        span.record("tenant", tracing::field::display(who.view.state.tenant));
        span.record("agent", tracing::field::display(who.caller.agent.described.agent));
        span.record("server", server);
    }
}

/// What became of it.
pub(crate) fn said(effect: &'static str, code: &'static str) {
    if on() {
        Span::current().record("effect", effect).record("code", code);
    }
}

/// What the record of a call says.
pub(crate) fn recorded(effect: Disposition, code: &'static str) {
    let effect = match effect {
        Disposition::Allowed => "allowed",
        Disposition::Blocked => "blocked",
        Disposition::Errored => "errored",
    };
    said(effect, code);
}
