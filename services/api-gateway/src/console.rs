//! The console: one page with its scripts, compiled into the binary.

use std::sync::LazyLock;

use crate::response::{StaticFile, content_tag};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of the console.
struct ConsoleFile {
    name: &'static str,
    content_type: &'static str,
    text: &'static str,
}

macro_rules! file {
    ($name:literal, $content_type:expr) => {
        ConsoleFile {
            name: $name,
            content_type: $content_type,
            text: include_str!(concat!("../console/", $name)),
        }
    };
}

static PAGE: ConsoleFile = file!("index.html", HTML);
static FILES: [ConsoleFile; 15] = [
    file!("api.js", SCRIPT),
    file!("change.js", SCRIPT),
    file!("console.css", "text/css; charset=utf-8"),
    file!("dialog.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("events.js", SCRIPT),
    file!("fields.js", SCRIPT),
    file!("icon.svg", "image/svg+xml"),
    file!("main.js", SCRIPT),
    file!("pipeline.js", SCRIPT),
    file!("plot.js", SCRIPT),
    file!("problems.js", SCRIPT),
    file!("receipt.js", SCRIPT),
    file!("recent.js", SCRIPT),
    file!("visibility.js", SCRIPT),
];

/// One tag for all files, so that a change of any file makes a browser load all of them again. Otherwise it could run old and
/// new scripts together.
static TAG: LazyLock<String> = LazyLock::new(|| {
    let files = FILES.iter().chain([&PAGE]);
    content_tag(files.map(|file| file.text))
});

/// The page.
pub(crate) fn page() -> StaticFile<'static, &'static str> {
    PAGE.to_static_file()
}

/// The file of that name, where the page has one.
pub(crate) fn file(name: &str) -> Option<StaticFile<'static, &'static str>> {
    let file = FILES.iter().find(|file| file.name == name);
    file.map(ConsoleFile::to_static_file)
}

impl ConsoleFile {
    fn to_static_file(&self) -> StaticFile<'static, &'static str> {
        StaticFile {
            content_type: self.content_type,
            tag: &TAG,
            text: self.text,
        }
    }
}
