//! Traces: spans of the target [`TARGET`] become `OpenTelemetry` spans and go to the collector in batches, as OTLP over HTTP
//! with protobuf. Without a collector such spans cost nothing: they are switched off where they stand.
//!
//! Never here: a secret or an argument of a call; fields of such spans are names, ids, codes and sizes.
//! To trace one more thing: a span of this target where it happens; a field `traceparent` joins a trace from outside
//! (W3C Trace Context).

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::{
    Context, KeyValue,
    trace::{
        Span as _, SpanBuilder, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId,
        TraceState, Tracer as _, TracerProvider as _,
    },
};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, Span},
};
use tokio::sync::{mpsc, oneshot};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer, Registry, filter::FilterFn, layer::Context as At, registry::LookupSpan,
};
use writ_model::Clock as _;
use writ_reach::{Ask, Outside, Payload, Place};

use crate::{fault::Fault, system::SystemClock};

/// The target of spans that are traced.
pub const TARGET: &str = "writ.trace";
/// LIMIT: spans that wait for the collector; what is more is dropped, never waited for.
const QUEUE: usize = 4_096;
/// LIMIT: spans sent together.
const BATCH: usize = 512;
/// How often they are sent.
const EVERY: Duration = Duration::from_secs(2);
/// LIMIT: batches handed over at once.
const HANDED: usize = 4;

static COLLECTED: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Makes spans of tracing spans, once [`start`] was called.
pub fn layer() -> impl Layer<LogTree> {
    let traced = FilterFn::new(|meta| meta.is_span() && meta.target() == TARGET && on());
    Traced.with_filter(traced)
}

/// What the layer stands on: the registry and the layer of lines.
pub type LogTree = tracing_subscriber::layer::Layered<
    tracing_subscriber::filter::Filtered<
        Box<dyn Layer<Registry> + Send + Sync>,
        tracing_subscriber::EnvFilter,
        Registry,
    >,
    Registry,
>;

fn on() -> bool {
    COLLECTED.get().is_some()
}

/// Sends traces to a collector from now on, until [`Traces`] is closed.
///
/// # Errors
/// If the exporter cannot be built.
pub fn start(
    endpoint: &Place,
    client: Arc<dyn Outside>,
    (role, instance): (&str, String),
) -> Result<Traces, Fault> {
    let fault = |why: String| Fault::usage(format!("[otlp] endpoint: {why}"));
    let address = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let to = Place::parse(&address).map_err(|why| fault(why.to_string()))?;
    let (batches, waiting) = mpsc::channel(HANDED);
    tokio::spawn(send(waiting, client, to));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(Handed(batches))
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(address)
        .build()
        .map_err(|why| fault(why.to_string()))?;
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(EVERY)
        .build();
    let resource = Resource::builder_empty()
        .with_service_name(format!("writ-{role}"))
        .with_attribute(KeyValue::new("service.instance.id", instance))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let batch = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
    // What is sent is chosen before it gets here; a variable of the environment must not choose again.
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOn)
        .with_span_processor(batch)
        .with_resource(resource)
        .build();
    if COLLECTED.set(provider).is_err() {
        return Err(fault("traces are sent already".to_owned()));
    }
    tracing::callsite::rebuild_interest_cache();
    Ok(Traces(()))
}

/// Traces are sent as long as this is not closed.
#[derive(Debug)]
pub struct Traces(());

impl Traces {
    /// Sends what waits.
    pub async fn close(self) {
        let flushed =
            tokio::task::spawn_blocking(|| COLLECTED.get().map(SdkTracerProvider::force_flush));
        match flushed.await {
            Ok(Some(Err(error))) => tracing::warn!(%error, "the last traces were not sent"),
            Err(died) => tracing::warn!(error = %died, "the last traces were not sent"),
            Ok(_) => {}
        }
    }
}

/// A batch, and who waits for the collector's status.
type Batch = (Bytes, oneshot::Sender<Result<u16, String>>);

/// The exporter's client. The exporter has a thread of its own without a runtime, so the asking is done by [`send`].
struct Handed(mpsc::Sender<Batch>);

impl fmt::Debug for Handed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Handed")
    }
}

#[async_trait]
impl HttpClient for Handed {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (told, answer) = oneshot::channel();
        self.0.try_send((request.into_body(), told)).map_err(|full| full.to_string())?;
        let status = answer.await.map_err(|gone| gone.to_string())??;
        Ok(Response::builder().status(status).body(Bytes::new())?)
    }
}

async fn send(mut waiting: mpsc::Receiver<Batch>, client: Arc<dyn Outside>, to: Place) {
    while let Some((body, told)) = waiting.recv().await {
        let ask = Ask { send: Payload::Protobuf(body), ..Ask::get(to.clone()) };
        let answer = client.ask(ask).await.map(|answer| answer.status);
        if let Err(why) = &answer {
            tracing::warn!(event = "traces.not_sent", %why, "traces were dropped");
        }
        // Whoever asked may have given up.
        drop(told.send(answer.map_err(|why| why.to_string())));
    }
}

struct Traced;

/// A span under way.
struct Open(Span);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Traced {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, at: At<'_, S>) {
        let (Some(provider), Some(span)) = (COLLECTED.get(), at.span(id)) else { return };
        let mut read = Read::default();
        attributes.record(&mut read);
        let above = span.parent().and_then(|parent| {
            parent.extensions().get::<Open>().map(|open| open.0.span_context().clone())
        });
        let above = above
            .or(read.above)
            .map_or_else(Context::new, |above| Context::new().with_remote_span_context(above));
        let builder = SpanBuilder::from_name(attributes.metadata().name())
            .with_start_time(now())
            .with_attributes(read.fields);
        let open = provider.tracer("writ").build_with_context(builder, &above);
        span.extensions_mut().insert(Open(open));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, at: At<'_, S>) {
        let Some(span) = at.span(id) else { return };
        if let Some(Open(open)) = span.extensions_mut().get_mut::<Open>() {
            let mut read = Read::default();
            values.record(&mut read);
            open.set_attributes(read.fields);
        }
    }

    fn on_close(&self, id: Id, at: At<'_, S>) {
        let Some(span) = at.span(&id) else { return };
        if let Some(Open(mut open)) = span.extensions_mut().remove::<Open>() {
            open.end_with_timestamp(now());
        }
    }
}

fn now() -> SystemTime {
    let micros = u64::try_from(SystemClock.now().micros()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_micros(micros)
}

/// Fields of a span.
#[derive(Default)]
struct Read {
    fields: Vec<KeyValue>,
    above: Option<SpanContext>,
}

impl Visit for Read {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.push(KeyValue::new(field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "traceparent" {
            self.above = parent(value);
        } else {
            self.fields.push(KeyValue::new(field.name(), value.to_owned()));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push(KeyValue::new(field.name(), value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record_i64(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push(KeyValue::new(field.name(), value));
    }
}

/// Reads `version-trace-span-flags` (W3C Trace Context, section 3.2); nothing if it is not well formed.
fn parent(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let sound = hex(version, 2)
        && version != "ff"
        && (version != "00" || parts.next().is_none())
        && hex(trace, 32)
        && hex(span, 16)
        && hex(flags, 2);
    sound.then_some(())?;
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sound_parent_is_one() {
        let sound = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = parent(sound).unwrap();
        assert_eq!(context.span_id().to_string(), "00f067aa0ba902b7");
        assert!(context.is_sampled());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-02",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-+0f067aa0ba902b7-01",
        ] {
            assert!(parent(bad).is_none(), "{bad}");
        }
    }
}
