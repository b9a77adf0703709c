//! `daybook-demo --shop DIR --out DIR`: the main job, told as one day. Ends with 1 when anything is unexplained; what a
//! shop has no goods, baskets or locations for is named and left out.

use daybook_tests::demo::day::{Day, Told};
use daybook_tests::demo::shop::Shop;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some((shop, out)) = arguments() else {
        eprintln!("usage: daybook-demo --shop DIR --out DIR");
        return ExitCode::from(2);
    };
    let told = Shop::read(&shop).and_then(|shop| Day::new(&shop, &out, now_ms()).live());
    match told {
        Ok(Told { table, unexplained: 0 }) => {
            println!("{table}");
            ExitCode::SUCCESS
        }
        Ok(Told { table, .. }) => {
            println!("{table}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("demo: {error}");
            eprintln!("demo: what there is lies in {}", out.display());
            ExitCode::FAILURE
        }
    }
}

/// UTC milliseconds.
#[expect(clippy::disallowed_methods, reason = "the demo's one clock: the price of the day")]
fn now_ms() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_epoch.ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default()
}

fn arguments() -> Option<(PathBuf, PathBuf)> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(PathBuf::from)
    };
    Some((value("--shop")?, value("--out")?))
}
