//! Streams in which a server says that its lists changed: what it showed until then is asked for again.
//!
//! Never here: a byte changed or kept back.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use writ_model::TenantId;

use crate::{
    core::Core,
    forward::Trip,
    refusal::Refusal,
    upstream::{BodyStream, Pieces},
};

/// What every such notification's method ends in. One that is spelled with escapes is not heard; [`super::FRESH`] is for
/// that.
const SAYS: &[u8] = b"/list_changed";

/// The stream, listened to.
pub(crate) fn hears(trip: &Trip<'_>, inner: BodyStream) -> BodyStream {
    if trip.core.catalog.off() {
        return inner;
    }
    let of = (trip.who.view.state.tenant, trip.server.name.clone());
    Box::pin(Heard { inner, core: Arc::clone(trip.core), of, end: Vec::new() })
}

/// The same for an answer that came whole.
pub(crate) fn heard(trip: &Trip<'_>, answer: &[u8]) {
    if !trip.core.catalog.off() && has(answer) {
        trip.core.catalog.stale(trip.who.view.state.tenant, &trip.server.name);
    }
}

struct Heard {
    inner: BodyStream,
    core: Arc<Core>,
    of: (TenantId, String),
    /// The last bytes of the piece before: a word may be cut in two.
    end: Vec<u8>,
}

impl Pieces for Heard {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        let piece = ready!(self.inner.as_mut().poll_piece(cx));
        if let Some(Ok(bytes)) = &piece
            && self.says(bytes)
        {
            let this = &*self;
            this.core.catalog.stale(this.of.0, &this.of.1);
        }
        Poll::Ready(piece)
    }
}

impl Heard {
    fn says(&mut self, bytes: &[u8]) -> bool {
        let cut = SAYS.len() - 1;
        let mut edge = std::mem::take(&mut self.end);
        edge.extend(bytes.iter().take(cut));
        let found = has(&edge) || has(bytes);
        let tail = if bytes.len() >= cut { bytes } else { &edge };
        self.end = tail.get(tail.len().saturating_sub(cut)..).unwrap_or_default().to_vec();
        found
    }
}

fn has(bytes: &[u8]) -> bool {
    bytes.windows(SAYS.len()).any(|part| part == SAYS)
}
