//! Printers for tests: a receipt printer on loopback, and a printing system (CUPS) of the test's own.

use std::io::{Error, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How long a job may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes jobs on a port of loopback, one after the other.
#[derive(Debug)]
pub struct RawPrinter {
    address: SocketAddr,
    jobs: Receiver<Vec<u8>>,
}

impl RawPrinter {
    /// Starts on a free port.
    ///
    /// # Errors
    /// There is none.
    pub fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (taken, jobs) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut job = Vec::new();
                let read = stream.and_then(|mut stream| stream.read_to_end(&mut job));
                // The test that listened may be over.
                if read.is_ok() && !job.is_empty() && taken.send(job).is_err() {
                    return;
                }
            }
        });
        Ok(Self { address, jobs })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next job.
    ///
    /// # Errors
    /// None comes for a long time.
    pub fn job(&self) -> Result<Vec<u8>, std::sync::mpsc::RecvTimeoutError> {
        self.jobs.recv_timeout(PATIENCE)
    }
}

/// A printing system on a socket of its own, which ends with the test.
#[derive(Debug)]
pub struct Cups {
    daemon: Child,
    socket: PathBuf,
}

impl Cups {
    /// Starts the system's `cupsd` with files in `dir` alone.
    ///
    /// # Errors
    /// It is not installed, or does not come up.
    pub fn start(dir: &Path) -> std::io::Result<Self> {
        let folder = |name: &str| dir.join(name).display().to_string();
        for name in ["state", "cache", "spool", "tmp", "ppd"] {
            std::fs::create_dir_all(dir.join(name))?;
        }
        let socket = dir.join("cups.sock");
        let mut files = format!(
            "ServerRoot {}\nAccessLog {}\nErrorLog {}\nPageLog {}\n",
            dir.display(),
            folder("access"),
            folder("error"),
            folder("page"),
        );
        let places = [
            ("StateDir", "state"),
            ("CacheDir", "cache"),
            ("RequestRoot", "spool"),
            ("TempDir", "tmp"),
        ];
        for (what, name) in places {
            files.push_str(&format!("{what} {}\n", folder(name)));
        }
        std::fs::write(dir.join("cups-files.conf"), files)?;
        let all = "Order allow,deny\nAllow all\n";
        let daemon = format!(
            "ServerName localhost\nListen {}\nBrowsing Off\nDefaultAuthType None\nWebInterface No\n\
             <Location />\n{all}</Location>\n<Policy default>\n<Limit All>\n{all}</Limit>\n</Policy>\n",
            socket.display()
        );
        std::fs::write(dir.join("cupsd.conf"), daemon)?;
        let daemon = Command::new("cupsd")
            .env("PATH", path_with_sbin())
            .args(["-f", "-c"])
            .arg(dir.join("cupsd.conf"))
            .arg("-s")
            .arg(dir.join("cups-files.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let cups = Self { daemon, socket };
        // It tells nobody when it listens: lpstat asks until it answers.
        for _ in 0..1200 {
            let asked = Command::new("lpstat")
                .env("CUPS_SERVER", &cups.socket)
                .arg("-r")
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .output()?;
            if String::from_utf8_lossy(&asked.stdout).contains("is running") {
                return Ok(cups);
            }
            thread::park_timeout(Duration::from_millis(50));
        }
        Err(Error::other("cupsd does not listen"))
    }

    /// The value of `CUPS_SERVER` for programs that print with it.
    #[must_use]
    pub fn server(&self) -> &Path {
        &self.socket
    }

    /// Adds a queue that passes jobs on, as they are, to a printer on loopback.
    ///
    /// # Errors
    /// `lpadmin` refuses.
    pub fn add_queue(&self, name: &str, printer: SocketAddr) -> std::io::Result<()> {
        let device = format!("socket://{printer}/?waiteof=false");
        let status = Command::new("lpadmin")
            .env("PATH", path_with_sbin())
            .env("CUPS_SERVER", &self.socket)
            .args(["-p", name, "-E", "-v", &device, "-m", "raw"])
            .stderr(Stdio::null())
            .status()?;
        if status.success() { Ok(()) } else { Err(Error::other(format!("lpadmin: {status}"))) }
    }
}

impl Drop for Cups {
    fn drop(&mut self) {
        let _gone = self.daemon.kill();
        let _status = self.daemon.wait();
    }
}

/// Daemons are where only root's path looks.
fn path_with_sbin() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}
