package content

import (
	"html"
	"regexp"
	"strconv"
	"strings"

	"huoshui/internal/platform/errs"
)

// The markup of a body, small enough to be written on a phone: blank lines part paragraphs, a line break is a line
// break, "# " begins a heading, "- " an item, **bold**, [words](address) a link, ![what it shows](address) a picture,
// and a line that is only a link becomes a button. Everything else is text: HTML is shown, never obeyed.
//
// compile turns a body into its e-mail form and its plain form once; a person is then a concatenation. Values of
// variables are put in after the markup was read, so no customer's name can become a link or a tag.
func compile(src string, phone bool) (compiledText, error) {
	marked, holes, err := parse(strings.TrimSpace(strings.ReplaceAll(src, "\r\n", "\n")))
	if err != nil {
		return compiledText{}, err
	}
	w := writer{phone: phone, holes: holes}
	for _, block := range blankLines.Split(marked, -1) {
		if err := w.block(strings.Split(block, "\n")); err != nil {
			return compiledText{}, err
		}
	}
	plain := strings.TrimSpace(manyBreaks.ReplaceAllString(w.plain.String(), "\n\n"))
	return compiledText{split(w.rich.String(), holes), split(plain, holes), w.links}, nil
}

// compiledText is a body in both forms, and the links in it.
type compiledText struct {
	rich, plain form
	links       []linkForm
}

// linkForm is a link: its words and its address.
type linkForm struct{ words, address form }

// writer turns markup into both forms. On a phone the first link becomes the notice's action, so plain text there
// carries no addresses.
type writer struct {
	phone       bool
	holes       []hole
	rich, plain strings.Builder
	links       []linkForm
}

var (
	blankLines = regexp.MustCompile(`\n[ \t]*\n\s*`)
	inline     = regexp.MustCompile(`!?\[([^\]\n]*)\]\(([^)\s]*)\)|\*\*([^*\n]+)\*\*`)
	manyBreaks = regexp.MustCompile(`\n{3,}`)
	onlyLink   = regexp.MustCompile(`^\s*\[([^\]\n]*)\]\(([^)\s]*)\)\s*$`)
)

const (
	styleP      = `margin:0 0 16px;font-size:15px;line-height:1.7;color:#12212B`
	styleH      = `margin:0 0 12px;font-size:20px;line-height:1.4;color:#12212B`
	styleLink   = `color:#0E7C86`
	styleButton = `display:inline-block;padding:10px 22px;border-radius:6px;background:#0E7C86;color:#ffffff;text-decoration:none;font-size:15px`
)

func (w *writer) block(lines []string) error {
	for i := 0; i < len(lines); {
		line := lines[i]
		switch {
		case strings.HasPrefix(line, "# "):
			w.rich.WriteString(`<h1 style="` + styleH + `">`)
			if err := w.inline(line[2:]); err != nil {
				return err
			}
			w.rich.WriteString("</h1>\n")
			w.plain.WriteByte('\n')
			i++
		case onlyLink.MatchString(line):
			m := onlyLink.FindStringSubmatch(line)
			if err := w.link(m[1], m[2], styleButton); err != nil {
				return err
			}
			i++
		case strings.HasPrefix(line, "- "):
			w.rich.WriteString(`<ul style="margin:0 0 16px;padding-left:20px">`)
			for ; i < len(lines) && strings.HasPrefix(lines[i], "- "); i++ {
				w.rich.WriteString(`<li style="font-size:15px;line-height:1.7;color:#12212B">`)
				w.plain.WriteString("• ")
				if err := w.inline(lines[i][2:]); err != nil {
					return err
				}
				w.rich.WriteString("</li>")
				w.plain.WriteByte('\n')
			}
			w.rich.WriteString("</ul>\n")
		default:
			w.rich.WriteString(`<p style="` + styleP + `">`)
			for first := true; i < len(lines) && isText(lines[i]); i++ {
				if !first {
					w.rich.WriteString("<br>")
				}
				first = false
				if err := w.inline(lines[i]); err != nil {
					return err
				}
				w.plain.WriteByte('\n')
			}
			w.rich.WriteString("</p>\n")
		}
	}
	w.plain.WriteByte('\n')
	return nil
}

func isText(line string) bool {
	return !strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "- ") && !onlyLink.MatchString(line)
}

func (w *writer) inline(line string) error {
	at := 0
	for _, m := range inline.FindAllStringSubmatchIndex(line, -1) {
		w.words(line[at:m[0]])
		at = m[1]
		if m[6] >= 0 {
			w.rich.WriteString("<strong>")
			w.words(line[m[6]:m[7]])
			w.rich.WriteString("</strong>")
			continue
		}
		words, to := line[m[2]:m[3]], line[m[4]:m[5]]
		if line[m[0]] != '!' {
			if err := w.link(words, to, styleLink); err != nil {
				return err
			}
			continue
		}
		if !strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, "http://") {
			return errs.New(errs.Invalid, "content.picture", "a picture's address must begin with https:// or http://: %q", show(to, w.holes)).With("address", show(to, w.holes))
		}
		w.rich.WriteString(`<img src="` + html.EscapeString(to) + `" alt="` + html.EscapeString(words) + `" style="max-width:100%;border-radius:6px">`)
		w.plain.WriteString(words)
	}
	w.words(line[at:])
	return nil
}

func (w *writer) words(s string) {
	w.rich.WriteString(html.EscapeString(s))
	w.plain.WriteString(s)
}

// link writes a link; one in the style of a button stands on a line of its own.
func (w *writer) link(words, to, style string) error {
	if err := checkAddress(to, w.holes); err != nil {
		return err
	}
	button := style == styleButton
	if button {
		w.rich.WriteString(`<p style="` + styleP + `">`)
	}
	w.rich.WriteString(`<a href="` + address(to) + `" style="` + style + `">` + html.EscapeString(words) + `</a>`)
	switch {
	case !w.phone && words != "" && words != to:
		w.plain.WriteString(words + ": " + address(to))
	case !w.phone:
		w.plain.WriteString(address(to))
	case !button:
		w.plain.WriteString(words)
	}
	if button {
		w.rich.WriteString("</p>\n")
		w.plain.WriteByte('\n')
	}
	w.links = append(w.links, linkForm{split(words, w.holes), split(address(to), w.holes)})
	return nil
}

// address brackets a link's address, so that split makes it one piece that can be rewritten for click tracking.
func address(to string) string { return string(markLink) + to + string(markEnd) }

var allowedScheme = regexp.MustCompile(`^(https?://|mailto:|tel:)`)

// checkAddress refuses addresses that a mail program or a browser might obey (javascript:, data:, …). An address may
// also begin with a variable; its value is checked when a person is rendered.
func checkAddress(to string, holes []hole) error {
	if strings.HasPrefix(to, string(markText)) || allowedScheme.MatchString(strings.ToLower(to)) {
		return nil
	}
	return errs.New(errs.Invalid, "content.address", "a link must begin with https://, http://, mailto: or tel:, or with a variable: %q", show(to, holes)).With("address", show(to, holes))
}

// show writes marks back as the author wrote them.
func show(marked string, holes []hole) string {
	var b strings.Builder
	for _, piece := range split(marked, holes) {
		if piece.hole != nil {
			b.WriteString("{{" + piece.hole.name + "}}")
			continue
		}
		b.WriteString(piece.text)
	}
	return b.String()
}

// form is a compiled text: literal pieces, variables and links, in order.
type form []piece

type piece struct {
	text string
	hole *hole
	link form // the pieces of an address
}

func split(marked string, holes []hole) form {
	var out form
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			out = append(out, piece{text: lit.String()})
			lit.Reset()
		}
	}
	for runes := []rune(marked); len(runes) > 0; {
		switch runes[0] {
		case markText:
			flush()
			end := indexRune(runes, markSep)
			n, _ := strconv.Atoi(string(runes[1:end]))
			out = append(out, piece{hole: &holes[n]})
			runes = runes[end+1:]
		case markLink:
			flush()
			end := indexRune(runes, markEnd)
			out = append(out, piece{link: split(string(runes[1:end]), holes)})
			runes = runes[end+1:]
		default:
			lit.WriteRune(runes[0])
			runes = runes[1:]
		}
	}
	flush()
	return out
}

func indexRune(runes []rune, r rune) int {
	for i, c := range runes {
		if c == r {
			return i
		}
	}
	return len(runes) - 1
}

// write renders the form for one person. escape is applied to values of variables and to addresses; link, when not
// nil, rewrites every address a person can follow.
func (f form) write(b *strings.Builder, v Values, escape func(string) string, link func(string) string) error {
	for _, piece := range f {
		switch {
		case piece.hole != nil:
			s, err := piece.hole.value(v)
			if err != nil {
				return err
			}
			b.WriteString(escape(s))
		case piece.link != nil:
			var to strings.Builder
			if err := piece.link.write(&to, v, verbatim, nil); err != nil {
				return err
			}
			s := strings.TrimSpace(to.String())
			if !allowedScheme.MatchString(strings.ToLower(s)) {
				return errs.New(errs.Invalid, "content.address", "a link must begin with https://, http://, mailto: or tel:: %q", s).With("address", s)
			}
			if link != nil {
				s = link(s)
			}
			b.WriteString(escape(s))
		default:
			b.WriteString(piece.text)
		}
	}
	return nil
}

func verbatim(s string) string { return s }

func itoa(n int) string { return strconv.Itoa(n) }
