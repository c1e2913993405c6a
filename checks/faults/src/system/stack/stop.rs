//! Stops everything, and reports errors while stopping.

use std::{ffi::OsStr, fs, io, path::PathBuf};

use super::Stack;

impl Stack {
    /// Stops everything with SIGTERM. Returns a sentence for each error.
    pub async fn stop(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for component in self.components() {
            let ended = async { self.service(component).await?.terminate().await };
            wrong.extend(ended.await.err().map(|error| error.to_string()));
        }
        let stopped = self.nats().await.stop().await;
        wrong.extend(stopped.err().map(|error| error.to_string()));
        if let Some(mut server) = self.database_server().await {
            wrong.extend(server.stop().await.err().map(|error| error.to_string()));
        }
        let mut sandbox = self.sandbox.lock().await;
        let ended = async {
            sandbox.terminate()?;
            sandbox.wait(super::service::STOP_TIMEOUT).await
        };
        wrong.extend(ended.await.err().map(|error| error.to_string()));
        wrong.extend(self.left_over());
        wrong
    }

    /// Copies every log to a folder that outlives the run.
    pub fn keep_logs(&self) -> io::Result<PathBuf> {
        let kept = tempfile::Builder::new()
            .prefix("hubsync-faults-logs-")
            .tempdir()?
            .keep();
        for entry in fs::read_dir(self.folder())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if path.extension() == Some(OsStr::new("log")) {
                fs::copy(&path, kept.join(name))?;
            }
            // Each nats-server has its own folder.
            let of_nats = path.join("nats.log");
            if of_nats.exists() {
                fs::copy(&of_nats, kept.join(name).with_extension("log"))?;
            }
        }
        Ok(kept)
    }

    /// Reports processes that still run in the folder of the run, or have its path in their arguments.
    fn left_over(&self) -> Vec<String> {
        let folder = self.folder().display().to_string();
        // Systems without /proc report nothing.
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let lines = processes.filter_map(|process| {
            let line = fs::read(process.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let inside =
                fs::read_link(process.path().join("cwd")).is_ok_and(|path| path.starts_with(&folder));
            (inside || line.contains(&folder)).then_some(line)
        });
        lines
            .map(|line| format!("a process was left running: {line}"))
            .collect()
    }
}
