//! `serve`: the server itself.

use super::{Common, Failure};
use crate::api::{Api, router};
use crate::door::{self, Door};
use crate::jobs;
use crate::log;
use crate::open::{OpenError, Store};
use axum_server::Server;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use clap::Args;
use hyper_util::rt::TokioTimer;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long open requests may take to end after a stop was asked for.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    common: Common,
    /// Address and port; port 0 takes a free one, which is printed.
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Certificate chain (PEM) for TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) for TLS.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve plain HTTP beyond this machine because a proxy in front of it speaks TLS.
    #[arg(long)]
    behind_proxy: bool,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let plain = self.tls_cert.is_none();
        if plain && !self.listen.ip().is_loopback() && !self.behind_proxy {
            let message = "listen: plain HTTP is served on loopback only; give --tls-cert and --tls-key, or \
                           --behind-proxy where a proxy speaks TLS";
            return Err(Failure::input("listen.plain_http", message));
        }
        log::to_stderr();
        // What cannot be written cannot be served.
        let held = self.common.place().lock_running();
        let _running = held.map_err(|error| self.common.not_held(&error))?;
        let store = self.common.open()?;
        store.remember()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::from_io("runtime", &error))?;
        let served = runtime.block_on(self.serve(store.clone()));
        // The database's own runtime must not end inside of this one.
        drop(runtime);
        store.remember()?;
        served
    }

    async fn serve(self, store: Store) -> Result<(), Failure> {
        let listener = TcpListener::bind(self.listen)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|error| Failure::from_io("listen", &error))?;
        let address = listener.local_addr().map_err(|error| Failure::from_io("listen", &error))?;
        self.announce(address);
        let handle = axum_server::Handle::new();
        tokio::spawn(stop(handle.clone()));
        let work = tokio::spawn(work(store.clone()));
        let service = router(Api::new(store)).into_make_service();
        let door = Door::new(door::places());
        let served = match (self.tls_cert, self.tls_key) {
            (Some(cert), Some(key)) => {
                // Installed already is as good: there is one provider for the whole process.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let tls = tls(cert, key).await?;
                let server = axum_server::from_tcp(listener)
                    .map_err(|error| Failure::from_io("listen", &error))?
                    .acceptor(RustlsAcceptor::new(tls).acceptor(door));
                patient(server).handle(handle).serve(service).await
            }
            _ => {
                let server = axum_server::from_tcp(listener)
                    .map_err(|error| Failure::from_io("listen", &error))?
                    .acceptor(door);
                patient(server).handle(handle).serve(service).await
            }
        };
        work.abort();
        served.map_err(|error| Failure::from_io("listen", &error))
    }

    fn announce(&self, address: SocketAddr) {
        let answer = serde_json::json!({ "listening": address.to_string() });
        self.common.print(&answer, &format!("listening on {address}"));
        // Whoever started this waits for the line; a closed pipe is theirs to mind.
        let _ = std::io::stdout().flush();
    }
}

/// HTTP/1.1, and a connection without a request ends in time. The other version has no such limit.
fn patient<A>(server: Server<SocketAddr, A>) -> Server<SocketAddr, A> {
    let mut server = server.http1_only();
    let mut http = server.http_builder().http1();
    http.timer(TokioTimer::new()).header_read_timeout(door::HEAD_WITHIN);
    server
}

async fn tls(cert: PathBuf, key: PathBuf) -> Result<RustlsConfig, Failure> {
    let read = RustlsConfig::from_pem_file(cert, key).await;
    let read =
        read.map_err(|error| Failure::input("tls.files", format!("tls-cert, tls-key: {error}")))?;
    let mut config = rustls::ServerConfig::clone(&read.get_inner());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

async fn stop(handle: axum_server::Handle<SocketAddr>) {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
    handle.graceful_shutdown(Some(GRACE));
}

async fn work(store: Store) {
    let mut timer = tokio::time::interval(Duration::from_secs(jobs::EVERY_SECONDS));
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let store = store.clone();
        let round = move || {
            jobs::round(&store.gate).map_err(OpenError::from).and_then(|()| store.remember())
        };
        match tokio::task::spawn_blocking(round).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(code = error.code(), %error, "a job failed"),
            Err(error) => tracing::error!(%error, "a job ended"),
        }
    }
}

impl Failure {
    fn from_io(field: &str, error: &std::io::Error) -> Self {
        Self { exit: 5, code: "store.io".to_owned(), message: format!("{field}: {error}") }
    }
}
