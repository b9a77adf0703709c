//! A store whose certificate authority is pinned: its certificate counts if it is valid by the till's clock or by the last
//! time that the store named. A till whose clock battery is empty wakes in another year, and would be locked out.

use crate::clock;
use crate::error::TillError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use std::sync::Arc;
use std::time::Duration;

/// What the store said its time was, and the till's uptime then.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoreTime {
    at_ms: i64,
    mono_ms: i64,
}

impl StoreTime {
    /// A time that was kept: how long ago is not known, so it is at least this.
    pub(super) fn at_least(at_ms: i64) -> Self {
        Self { at_ms, mono_ms: clock::now().mono_ms }
    }

    fn now(self) -> Option<UnixTime> {
        let since_ms = clock::now().mono_ms.saturating_sub(self.mono_ms);
        let ms = u64::try_from(self.at_ms.saturating_add(since_ms)).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(ms)))
    }
}

/// TLS that trusts these authorities and no others.
///
/// # Errors
/// `input.invalid` for `ca`: no certificates in PEM.
pub(super) fn config(pem: &str, known: Option<StoreTime>) -> Result<ClientConfig, TillError> {
    let bad = |error: &dyn std::fmt::Display| TillError::bad("ca", error);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| bad(&error))?;
        roots.add(certificate).map_err(|error| bad(&error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| bad(&error))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AtEither { verifier, known }))
        .with_no_client_auth();
    Ok(config)
}

/// Verifies as usual, by the till's clock, and where only the dates are wrong by the store's last time.
#[derive(Debug)]
struct AtEither {
    verifier: Arc<WebPkiServerVerifier>,
    known: Option<StoreTime>,
}

impl ServerCertVerifier for AtEither {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let at = |now| {
            self.verifier.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            )
        };
        let by_clock = at(now);
        match (&by_clock, self.known.and_then(StoreTime::now)) {
            (Err(error), Some(known)) if is_of_dates(error) => at(known),
            _ => by_clock,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn is_of_dates(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

    const YEAR_2026: i64 = 1_780_000_000_000;
    const YEAR_2070: i64 = 3_170_000_000_000;

    /// An authority that outlasts everything, and a certificate of the year 2026.
    fn certificates() -> (String, CertificateDer<'static>) {
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let pem = ca.self_signed(&ca_key).unwrap().pem();
        let mut store = CertificateParams::new(vec!["store.example".to_owned()]).unwrap();
        store.not_before = date_time_ymd(2026, 1, 1);
        store.not_after = date_time_ymd(2027, 1, 1);
        let key = KeyPair::generate().unwrap();
        let signed = store.signed_by(&key, &Issuer::from_params(&ca, &ca_key)).unwrap();
        (pem, signed.der().clone())
    }

    fn verify(name: &str, clock_ms: i64, known_ms: Option<i64>) -> Result<(), Error> {
        let (pem, certificate) = certificates();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let known = known_ms.map(StoreTime::at_least);
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let now = Duration::from_millis(u64::try_from(clock_ms).unwrap());
        let now = UnixTime::since_unix_epoch(now);
        let either = AtEither { verifier, known };
        either.verify_server_cert(&certificate, &[], &name, &[], now).map(|_| ())
    }

    #[test]
    fn a_clock_in_another_year_locks_no_till_out_that_knew_the_time() {
        let store = "store.example";
        assert!(verify(store, YEAR_2026, None).is_ok());
        for wrong in [0, YEAR_2070] {
            let locked_out = verify(store, wrong, None).unwrap_err();
            assert!(is_of_dates(&locked_out), "{locked_out}");
            assert!(verify(store, wrong, Some(YEAR_2026)).is_ok());
        }
        // Renewed since the store was last heard of: then the clock is believed.
        assert!(verify(store, YEAR_2026, Some(0)).is_ok());
        assert!(is_of_dates(&verify(store, YEAR_2070, Some(0)).unwrap_err()));
    }

    #[test]
    fn dates_alone_are_forgiven() {
        assert!(verify("other.example", YEAR_2070, Some(YEAR_2026)).is_err());
        let other = certificates().0;
        assert!(config(&other, None).is_ok());
        assert_eq!(config("no certificate", None).unwrap_err().code(), "input.invalid");
    }
}
