//! The two programs as real processes, driven by their command lines only.

use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// What went wrong while driving a program.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started or read.
    #[error("{program}: {source}")]
    Io {
        /// Which program.
        program: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// It ended with an error.
    #[error("{command} ended with {status}: {stderr}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        stderr: String,
        /// What it had printed before.
        stdout: String,
    },
    /// It printed something else than promised.
    #[error("{command} printed {line:?}, which is not the JSON line that was expected")]
    Output {
        /// The command line.
        command: String,
        /// The line.
        line: String,
    },
}

/// Path of one of the project's programs, beside the running test or demo.
///
/// # Panics
/// When the program has not been built; `make build` builds both.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a running program knows its path");
    let found = own.ancestors().map(|dir| dir.join(name)).find(|path| path.is_file());
    found
        .unwrap_or_else(|| panic!("{name} is not built beside {}: run `make build`", own.display()))
}

/// Runs a command to its end and returns its JSON lines.
///
/// # Errors
/// It could not be started, ended non-zero, or printed something that is no JSON line.
pub fn run_json(command: &mut Command) -> Result<Vec<Value>, ProcessError> {
    let shown = show(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| ProcessError::Io { program: shown.clone(), source })?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(ProcessError::Failed { command: shown, status: output.status, stderr, stdout });
    }
    stdout
        .lines()
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|_| ProcessError::Output { command: shown.clone(), line: line.to_owned() })
        })
        .collect()
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// A running store server; killed when dropped.
#[derive(Debug)]
pub struct StoreProcess {
    child: Child,
    address: SocketAddr,
}

impl StoreProcess {
    /// Starts `daybook-store serve` on a free port and waits until it says where it listens.
    ///
    /// # Errors
    /// It ended, or its first line of output names no address.
    pub fn start(data: &Path, listen: &str, extra: &[&str]) -> Result<Self, ProcessError> {
        let mut command = Command::new(program("daybook-store"));
        command.args(["serve", "--json", "--listen", listen, "--data"]).arg(data).args(extra);
        let shown = show(&command);
        let io = |source| ProcessError::Io { program: shown.clone(), source };
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(data.with_extension("log"))
            .map_err(io)?;
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().map_err(io)?;
        let stdout = child.stdout.take().expect("stdout was piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(io)?;
        let address = serde_json::from_str::<Value>(&line)
            .ok()
            .and_then(|value| value.get("listening")?.as_str()?.parse().ok());
        match address {
            Some(address) => Ok(Self { child, address }),
            None => {
                let _gone = child.kill();
                let _status = child.wait();
                Err(ProcessError::Output { command: shown, line })
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// SIGKILL: no chance to tidy up.
    pub fn kill(mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Drop for StoreProcess {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// One till's data folder, driven by `daybook-till`.
#[derive(Debug, Clone)]
pub struct TillActor {
    data: PathBuf,
    environment: Vec<(String, String)>,
}

impl TillActor {
    /// A till whose ledger lives in `data`.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), environment: Vec::new() }
    }

    /// Sets an environment variable for every call (staff, PIN).
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The command `daybook-till --data … --json ARGS`, not yet started.
    #[must_use]
    pub fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(program("daybook-till"));
        command.arg("--data").arg(&self.data).arg("--json").args(args);
        command.envs(self.environment.iter().cloned());
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// See [`run_json`].
    pub fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> Result<Vec<Value>, ProcessError> {
        run_json(&mut self.command(args))
    }
}
