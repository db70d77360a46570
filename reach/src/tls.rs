//! TLS by rustls on aws-lc-rs: Mozilla's roots, compiled in, and whatever the operator adds.
//!
//! Never here: a way to trust everything, a client certificate, a key log.

use std::{sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    pki_types::{CertificateDer, UnixTime, pem::PemObject as _},
    time_provider::TimeProvider,
};
use writ_model::Clock;

use crate::Fault;

/// LIMIT: bytes of the operator's certificates: some hundred of them.
const MAX_ANCHORS: usize = 512 << 10;

/// Certificates are valid or not at the instant of the process's own clock.
#[derive(Debug)]
struct Now(Arc<dyn Clock>);

impl TimeProvider for Now {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// The one TLS configuration: TLS 1.3 and 1.2, HTTP/1.1.
pub(crate) fn config(clock: Arc<dyn Clock>, anchors: Option<&[u8]>) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = anchors {
        add(&mut roots, pem)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(Now(clock)))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::Anchors { why: error.to_string() })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn add(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), Fault> {
    let bad = |why: &str| Fault::Anchors { why: why.to_owned() };
    if pem.len() > MAX_ANCHORS {
        return Err(bad("the file is too large"));
    }
    let mut added = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_pem| bad("the file is no PEM"))?;
        roots.add(certificate).map_err(|error| bad(&error.to_string()))?;
        added += 1;
    }
    if added == 0 { Err(bad("the file holds no certificate")) } else { Ok(()) }
}
