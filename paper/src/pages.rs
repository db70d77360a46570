//! Pages as bytes of a PDF/A-2u file. Never here: where a line stands.

use krilla::{
    Document as Pdf, SerializeSettings,
    color::rgb,
    configure::{Archival, ConfigurationBuilder},
    geom::{PathBuilder, Point},
    metadata::{DateTime, Metadata},
    num::NormalizedF32,
    page::PageSettings,
    paint::{Fill, Stroke},
};

use crate::{
    Document, Fault,
    fonts::Fonts,
    layout::{HEIGHT, Mark, Page, WIDTH},
};

/// The bytes.
pub(crate) fn write(document: &Document, fonts: &Fonts, pages: &[Page]) -> Result<Vec<u8>, Fault> {
    let fault = |what: &dyn std::fmt::Debug| Fault::Written(format!("{what:?}"));
    let archival = ConfigurationBuilder::new().with_archival_validator(Archival::A2_U);
    let configuration = archival.finish().map_err(|error| fault(&error))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut pdf = Pdf::new_with(settings);
    for page in pages {
        let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| fault(&"page size"))?;
        let mut sheet = pdf.start_page_with(size);
        let mut surface = sheet.surface();
        for mark in page {
            match mark {
                Mark::Words { x, y, face, size, text } => {
                    surface.set_stroke(None);
                    surface.set_fill(Some(ink()));
                    let glyphs = fonts.glyphs(*face, text);
                    let (at, font) = (Point::from_xy(*x, *y), fonts.of(*face).font.clone());
                    surface.draw_glyphs(at, &glyphs, font, text, *size, false);
                }
                Mark::Line { x, y, length } => {
                    surface.set_fill(None);
                    surface.set_stroke(Some(hairline()));
                    let mut path = PathBuilder::new();
                    path.move_to(*x, *y);
                    path.line_to(x + length, *y);
                    if let Some(path) = path.finish() {
                        surface.draw_path(&path);
                    }
                }
            }
        }
        surface.finish();
        sheet.finish();
    }
    pdf.set_metadata(metadata(document));
    pdf.finish().map_err(|error| fault(&error))
}

fn ink() -> Fill {
    let paint = rgb::Color::new(24, 24, 24).into();
    Fill { paint, opacity: NormalizedF32::ONE, ..Fill::default() }
}

fn hairline() -> Stroke {
    Stroke { paint: rgb::Color::new(120, 120, 120).into(), width: 0.5, ..Stroke::default() }
}

fn metadata(document: &Document) -> Metadata {
    let (year, month, day, hour, minute, second) = document.made;
    let made = DateTime::new(year).month(month).day(day).hour(hour).minute(minute).second(second);
    let made = made.utc_offset_hour(0).utc_offset_minute(0);
    Metadata::new()
        .title(document.title.clone())
        .language(document.language.clone())
        .creator("Writ".to_owned())
        .creation_date(made)
}
