//! Small files of every format, whole ones, put together by hand: what is changed comes deeper than what is made up.
//!
//! Never here: a payload that does something: the worst of these names `true`. To add a format: a function, and its row in [`all`].

/// Everything.
pub(super) fn all() -> Vec<Vec<u8>> {
    [
        pickles(),
        zips(),
        tars(),
        squeezed(),
        arrays(),
        hdf5(),
        keras(),
        skops(),
        graphs(),
        onnx(),
        safetensors(),
        gguf(),
        xml(),
        sources(),
        bytecode(),
    ]
    .concat()
}

pub(super) fn pickles() -> Vec<Vec<u8>> {
    let mut legacy = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec();
    legacy.extend(b"\x80\x02}q\0X\x0d\0\0\0little_endianq\x01\x88s.\x80\x02}q\0.\x80\x02]q\0.");
    vec![
        b"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94\x8c\x01a\x94]\x94(K\x01K\x02es.".to_vec(),
        b"cos\nsystem\n(S'true'\ntR.".to_vec(),
        b"\x80\x02ccollections\nOrderedDict\nq\0)Rq\x01X\x01\0\0\0aq\x02G?\xf0\0\0\0\0\0\0s."
            .to_vec(),
        b"\x80\x04\x8c\x08builtins\x94\x8c\x04eval\x94\x93\x94\x8c\x031+1\x94\x85\x94R\x94."
            .to_vec(),
        b"(dp0\nVkey\np1\nI01\nsVtwo\np2\n(lp3\nI1\naL2L\nas.".to_vec(),
        b"\x80\x03c_codecs\nencode\nX\x02\0\0\0\xc3\xa9X\x06\0\0\0latin1\x86R.".to_vec(),
        legacy,
    ]
}

/// The sum that zip archives have (ISO 3309).
fn sum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 }
        })
    })
}

/// An archive whose members are not compressed.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let (length, letters) =
            (u32::try_from(bytes.len()).unwrap_or(0), u16::try_from(name.len()).unwrap_or(0));
        let mut head = b"\x14\0\0\0\0\0\0\0\0\0".to_vec();
        head.extend(sum(bytes).to_le_bytes());
        head.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
        head.extend(letters.to_le_bytes());
        head.extend(b"\0\0");
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&head);
        directory.extend(b"\0\0\0\0\0\0\0\0\0\0");
        directory.extend(u32::try_from(out.len()).unwrap_or(0).to_le_bytes());
        directory.extend(name.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(name.as_bytes());
        out.extend(*bytes);
    }
    let count = u16::try_from(members.len()).unwrap_or(0).to_le_bytes();
    let (size, from) =
        (u32::try_from(directory.len()).unwrap_or(0), u32::try_from(out.len()).unwrap_or(0));
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend([size.to_le_bytes(), from.to_le_bytes()].concat());
    out.extend(b"\0\0");
    out
}

pub(super) fn zips() -> Vec<Vec<u8>> {
    let plain = b"\x80\x02}q\0X\x01\0\0\0aq\x01K\x01s.";
    vec![
        zip(&[("a", b"N.")]),
        zip(&[("x/data.pkl", plain), ("x/data/0", &[0; 8]), ("x/version", b"3\n")]),
        zip(&[
            ("config.json", br#"{"class_name":"Sequential","config":{"layers":[]}}"#),
            ("metadata.json", b"{}"),
        ]),
        zip(&[("schema.json", br#"{"__class__":"dict","__module__":"builtins","content":[]}"#)]),
        zip(&[
            ("arr_0.npy", &array("'<f8'", "(1,)", 8)),
            ("../x.pkl", b"cos\nsystem\n(S'true'\ntR."),
        ]),
    ]
}

pub(super) fn tars() -> Vec<Vec<u8>> {
    let mut out = vec![0_u8; 512];
    let fields: [(usize, &[u8]); 6] = [
        (0, b"a.pkl"),
        (100, b"0000644\0"),
        (124, b"00000000002\0"),
        (148, b"        "),
        (156, b"0"),
        (257, b"ustar\x0000"),
    ];
    for (at, bytes) in fields {
        for (to, from) in out.iter_mut().skip(at).zip(bytes) {
            *to = *from;
        }
    }
    let sum: u32 = out.iter().map(|byte| u32::from(*byte)).sum();
    for (to, from) in out.iter_mut().skip(148).zip(format!("{sum:06o}\0 ").bytes()) {
        *to = from;
    }
    out.extend(b"N.");
    out.resize(1024 + 1024, 0);
    vec![out]
}

pub(super) fn squeezed() -> Vec<Vec<u8>> {
    vec![
        // One stored block each, of a pickle that is `None`.
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x02\0\xfd\xffN.".iter().copied().chain(sum(b"N.").to_le_bytes()).chain([2, 0, 0, 0]).collect(),
        b"\x78\x01\x01\x02\0\xfd\xffN.\0\xcb\0\x7d".to_vec(),
        b"BZh91AY&SY\x19\x31\x65\x3d\0\0\0\x81\0\x02D\xa0\0!\x9ah3M\x073\x8b\xb9\"\x9c(H\x0c\x98\xb2\x9e\x80".to_vec(),
        b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01\x16\0\0\0t/\xe5\xa3\x01\0\x04hello\0\0\0".to_vec(),
        b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x24\x19\x49\x98\x6f".to_vec(),
        b"ZF0x2                  \x78\x01\x01\x02\0\xfd\xffN.\0\xcb\0\x7d".to_vec(),
    ]
}

/// An array of numpy: its type, its shape, and so many bytes of numbers.
fn array(kind: &str, shape: &str, bytes: usize) -> Vec<u8> {
    let mut header = format!("{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\0".to_vec();
    out.extend(u16::try_from(header.len()).unwrap_or(0).to_le_bytes());
    out.extend(header.as_bytes());
    out.resize(out.len() + bytes, 0);
    out
}

pub(super) fn arrays() -> Vec<Vec<u8>> {
    let mut objects = array("'|O'", "(1,)", 0);
    objects.extend(b"\x80\x04]\x94N\x61.");
    vec![
        array("'<f8'", "(1,)", 8),
        array("[('a', '<i4'), ('b', '<f8', (2,))]", "(2,)", 40),
        objects,
    ]
}

pub(super) fn hdf5() -> Vec<Vec<u8>> {
    let config = br#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 1}}]}}"#;
    // The second version of the superblock, and one attribute of the third version with a text of fixed length.
    let whole = |base: usize| {
        let mut body = b"\x89HDF\r\n\x1a\n\x02\x08\x08\0".to_vec();
        body.extend(u64::try_from(base).unwrap_or(0).to_le_bytes());
        body.extend(u64::MAX.to_le_bytes());
        body.extend([0; 8]);
        body.extend([0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        body.extend(b"\x03\0\x0d\0\x08\0\x04\0\0model_config\0");
        body.extend([0x13, 0, 0, 0]);
        body.extend(u32::try_from(config.len()).unwrap_or(0).to_le_bytes());
        body.extend([2, 0, 0, 0]);
        body.extend(config);
        let end = u64::try_from(base + body.len()).unwrap_or(0).to_le_bytes();
        for (to, from) in body.iter_mut().skip(28).zip(end) {
            *to = from;
        }
        let mut out = vec![0; base];
        out.extend(body);
        out
    };
    vec![whole(0), whole(512)]
}

pub(super) fn keras() -> Vec<Vec<u8>> {
    let rows = [
        r#"{"class_name":"Sequential","config":{"layers":[{"class_name":"Dense","config":{}}]}}"#,
        r#"{"module":"keras.layers","class_name":"Lambda","config":{"function":{"class_name":"__lambda__","config":{"code":"4wEAAAA="}}}}"#,
        r#"{"module":"builtins","class_name":"function","config":"exec","registered_name":"x>y"}"#,
        r#"{"chat_template":"{% for m in messages %}{{ m['content'] }}{% endfor %}","auto_map":{"AutoModel":"x.Y"}}"#,
    ];
    rows.map(|row| row.as_bytes().to_vec()).to_vec()
}

pub(super) fn skops() -> Vec<Vec<u8>> {
    let rows = [
        r#"{"__class__":"dict","__module__":"builtins","__loader__":"DictNode","content":{"a":{"__class__":"int","__module__":"builtins"}}}"#,
        r#"{"__class__":"system","__module__":"os","__loader__":"MethodNode","content":{"func":"__class__"}}"#,
    ];
    rows.map(|row| row.as_bytes().to_vec()).to_vec()
}

pub(super) fn graphs() -> Vec<Vec<u8>> {
    vec![
        b"\x08\x01\x12\x0c\x12\x0a\x0a\x08\x0a\x01n\x12\x03Add".to_vec(),
        b"\x0a\x0d\x0a\x01n\x12\x08ReadFile".to_vec(),
        b"\x0a\x20\x0a\x01n\x12\x05Const\x2a\x14\x0a\x05value\x12\x0b\x42\x09\x08\x07\x42\x05hello"
            .to_vec(),
    ]
}

pub(super) fn onnx() -> Vec<Vec<u8>> {
    vec![
        b"\x08\x07\x12\x01x\x3a\x08\x0a\x06\x22\x04Relu\x42\x02\x10\x0d".to_vec(),
        b"\x08\x07\x3a\x1c\x0a\x05\x22\x03Add\x2a\x13\x6a\x11\x0a\x08location\x12\x05../xx\x42\x02\x10\x0d".to_vec(),
    ]
}

fn framed(header: &[u8], data: usize) -> Vec<u8> {
    let mut out = u64::try_from(header.len()).unwrap_or(0).to_le_bytes().to_vec();
    out.extend(header);
    out.resize(out.len() + data, 0);
    out
}

pub(super) fn safetensors() -> Vec<Vec<u8>> {
    vec![
        framed(br#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4),
        framed(br#"{"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"b":{"dtype":"BOOL","shape":[],"data_offsets":[4,5]}}"#, 5),
        framed(b"{}", 0),
    ]
}

pub(super) fn gguf() -> Vec<Vec<u8>> {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend([1_u64.to_le_bytes(), 2_u64.to_le_bytes()].concat());
    for (key, value) in [
        ("tokenizer.chat_template", "{{ messages[0]['content'] }}"),
        ("general.architecture", "llama"),
    ] {
        out.extend(u64::try_from(key.len()).unwrap_or(0).to_le_bytes());
        out.extend(key.as_bytes());
        out.extend(8_u32.to_le_bytes());
        out.extend(u64::try_from(value.len()).unwrap_or(0).to_le_bytes());
        out.extend(value.as_bytes());
    }
    out.extend(1_u64.to_le_bytes());
    out.extend(b"w\x01\0\0\0");
    out.extend([1_u64.to_le_bytes().as_slice(), &[0; 12]].concat());
    out.resize(out.len().div_ceil(32) * 32 + 4, 0);
    vec![out]
}

pub(super) fn xml() -> Vec<Vec<u8>> {
    let rows = [
        "<?xml version=\"1.0\"?><!-- x --><PMML><Extension value=\"x\"/></PMML>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"c\">]><a>&b;</a>",
        "<a><![CDATA[<!-- ]]></a>",
    ];
    rows.map(|row| row.as_bytes().to_vec()).to_vec()
}

pub(super) fn templates() -> Vec<Vec<u8>> {
    let rows = [
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] }}{% endfor %}",
        "{{ ''.__class__.__mro__ }}{# no #}{{ ('__cla' ~ 'ss__') }}",
        "{%- if x is not none -%}{{- x | tojson(indent=4) -}}{%- endif -%}",
    ];
    rows.map(|row| row.as_bytes().to_vec()).to_vec()
}

pub(super) fn sources() -> Vec<Vec<u8>> {
    let rows = [
        "import numpy\n\ndef forward(x):\n    return x + 1\n",
        "exec(__import__('base64').b64decode('cGFzcw=='))\n",
    ];
    rows.map(|row| row.as_bytes().to_vec()).to_vec()
}

pub(super) fn bytecode() -> Vec<Vec<u8>> {
    let mut code = vec![0xe3];
    code.extend([0; 20]);
    code.extend(b"s\x04\0\0\0d\0S\0z\x02os\xda\x06systemz\x01x");
    let mut compiled = b"\xa7\r\r\n".to_vec();
    compiled.extend([0; 12]);
    compiled.extend(&code);
    let harmless = [&[0xe3][..], &[0; 40], b"z\x05totalz\x05count"].concat();
    let nameless = [&[0xe3][..], &[0; 40]].concat();
    vec![code, compiled, harmless, nameless, b"no code".to_vec()]
}
