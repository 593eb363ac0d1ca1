// Package content keeps what is said to people: texts with variables, in one or two languages, one body per channel,
// every version kept. A text is compiled once and rendered for each person: safe HTML for e-mail, plain text for the
// phone, the webhook and the staff task.
package content

import (
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
)

// Words are the same words in both languages of the product; an empty English means the Chinese serves.
type Words struct {
	ZH string `json:"zh" yaml:"zh" maxLength:"2000"`
	EN string `json:"en,omitempty" yaml:"en" maxLength:"4000"`
}

// In returns the words in a language ("zh" or "en"), or in the other one when there are none.
func (w Words) In(language string) string {
	if language == "en" && w.EN != "" || w.ZH == "" {
		return w.EN
	}
	return w.ZH
}

// Channels that carry content, in the order they are offered.
var Channels = []string{"phone", "email", "webhook", "task"}

// Layers are the codes of the five layers a content may suit.
var Layers = []string{"vip", "potential", "new", "silent", "lost"}

// Body is what is said on one channel in one language. Channel "" serves every channel that has no body of its own.
type Body struct {
	Channel  string `json:"channel" yaml:"channel" enum:",phone,email,webhook,task"`
	Language string `json:"language" yaml:"language" enum:"zh,en"`
	Subject  string `json:"subject" yaml:"subject" maxLength:"200" doc:"Subject of the mail, title of the task or the notice; may hold variables"`
	Text     string `json:"text" yaml:"text" maxLength:"20000" doc:"Markup with variables: paragraphs, **bold**, # heading, - item, [words](address)"`
}

// Draft is what an author writes.
type Draft struct {
	Name   Words    `json:"name" yaml:"name"`
	Note   Words    `json:"note" yaml:"note" doc:"When to use it, for colleagues"`
	Layers []string `json:"layers" yaml:"layers" doc:"Which layers it suits: vip (depth), potential and new (education), silent (urgency), lost (a reason to come back)"`
	Bodies []Body   `json:"bodies" yaml:"bodies" minItems:"1" maxItems:"10"`
}

// Content is a draft that was saved: the row, and the answer.
type Content struct {
	ID         string    `db:"id" json:"id"`
	Version    int64     `db:"version" json:"version"`
	Name       Words     `db:"name,json" json:"name"`
	Note       Words     `db:"note,json" json:"note"`
	Layers     []string  `db:"layers,json" json:"layers"`
	Bodies     []Body    `db:"bodies,json" json:"bodies"`
	Shipped    bool      `db:"shipped" json:"shipped" doc:"Came with the product"`
	ClonedFrom string    `db:"cloned_from" json:"cloned_from,omitempty"`
	ArchivedAt time.Time `db:"archived_at,null" json:"archived_at,omitzero"`
	CreatedAt  time.Time `db:"created_at" json:"created_at"`
	ChangedAt  time.Time `db:"changed_at" json:"changed_at"`
	ChangedBy  string    `db:"changed_by" json:"changed_by" doc:"Staff id; empty for what came with the product"`
}

// Draft is the part of the content that an author writes.
func (c Content) Draft() Draft {
	return Draft{Name: c.Name, Note: c.Note, Layers: c.Layers, Bodies: c.Bodies}
}

// Channels are the channels the content has something for.
func (c Content) Channels() []string {
	var out []string
	for _, ch := range Channels {
		if slices.ContainsFunc(c.Bodies, func(b Body) bool { return b.Channel == "" || b.Channel == ch }) {
			out = append(out, ch)
		}
	}
	return out
}

// check refuses a draft that could not be sent to everybody.
func (d Draft) check() error {
	if strings.TrimSpace(d.Name.ZH) == "" && strings.TrimSpace(d.Name.EN) == "" {
		return errs.New(errs.Invalid, "content.name_missing", "a content needs a name").At("name")
	}
	if len(d.Bodies) == 0 {
		return errs.New(errs.Invalid, "content.body_missing", "a content needs at least one body").At("bodies")
	}
	for _, l := range d.Layers {
		if !slices.Contains(Layers, l) {
			return errs.New(errs.Invalid, "content.layer_unknown", "there is no layer %q", l).At("layers").With("layer", l)
		}
	}
	seen := map[string]bool{}
	for i, b := range d.Bodies {
		at := fmt.Sprintf("bodies[%d]", i)
		if b.Channel != "" && !slices.Contains(Channels, b.Channel) {
			return errs.New(errs.Invalid, "content.channel_unknown", "there is no channel %q", b.Channel).At(at+".channel").With("channel", b.Channel)
		}
		if b.Language != "zh" && b.Language != "en" {
			return errs.New(errs.Invalid, "content.language_unknown", "a body is in zh or en, not %q", b.Language).At(at + ".language")
		}
		key := b.Channel + "/" + b.Language
		if seen[key] {
			return errs.New(errs.Invalid, "content.body_twice", "there are two bodies for one channel and language").At(at)
		}
		seen[key] = true
		if strings.TrimSpace(b.Text) == "" {
			return errs.New(errs.Invalid, "content.text_missing", "a body needs a text").At(at + ".text")
		}
		if b.Channel == "email" && strings.TrimSpace(b.Subject) == "" {
			return errs.New(errs.Invalid, "content.subject_missing", "a mail needs a subject").At(at + ".subject")
		}
		if _, err := Compile(b); err != nil {
			return err
		}
	}
	return nil
}

// Compiled is a body ready to be rendered for any number of people; safe for concurrent use.
type Compiled struct {
	Body    Body
	subject form
	compiledText
	names []string
}

// Compile reads a body's variables and markup. Errors are Invalid, name the field ("subject" or "text") and carry line
// and column.
func Compile(b Body) (*Compiled, error) {
	c := &Compiled{Body: b}
	marked, holes, err := parse(b.Subject)
	if err != nil {
		return nil, atField(err, "subject")
	}
	if strings.ContainsAny(b.Subject, "\r\n") {
		return nil, errs.New(errs.Invalid, "content.subject_lines", "a subject is one line").At("subject")
	}
	c.subject = split(marked, holes)
	if c.compiledText, err = compile(b.Text, b.Channel == "phone"); err != nil {
		return nil, atField(err, "text")
	}
	for _, f := range []form{c.subject, c.plain, c.rich} {
		c.names = f.names(c.names)
	}
	return c, nil
}

func atField(err error, field string) error {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}

func (f form) names(into []string) []string {
	for _, p := range f {
		if p.hole != nil && !slices.Contains(into, p.hole.name) {
			into = append(into, p.hole.name)
		}
		into = p.link.names(into)
	}
	return into
}

// Variables are the names the body uses, in order of appearance.
func (c *Compiled) Variables() []string { return c.names }

// Envelope is what a sender adds around a body.
type Envelope struct {
	// Link rewrites every address a person can follow, for click tracking; nil leaves them.
	Link func(address string) string
	// Pixel is the address of the picture that tells a mail was opened; "" for none.
	Pixel string
	// Unsubscribe is the address at which a person stops such mail; "" leaves the footer out.
	Unsubscribe string
	// Brand signs the mail.
	Brand string
}

// Rendered is a message for one person.
type Rendered struct {
	Subject string `json:"subject"`
	Text    string `json:"text" doc:"Plain text: the phone (without addresses), the webhook, the task, and the text part of a mail"`
	Action  string `json:"action,omitempty" doc:"Words of the first link: the button of a notice"`
	URL     string `json:"url,omitempty" doc:"Address of the first link"`
	HTML    string `json:"html,omitempty" doc:"The HTML part of a mail: a whole document, safe to show"`
}

// Render writes the body for one person. Only e-mail and channel-less bodies get an HTML part. A variable with neither
// value nor fallback is an Invalid error with code content.value_missing; a saved content cannot meet it, except for
// brand values that were never set.
func (c *Compiled) Render(v Values, e Envelope) (Rendered, error) {
	var r Rendered
	var b strings.Builder
	if err := c.subject.write(&b, v, oneLine, nil); err != nil {
		return r, err
	}
	r.Subject = b.String()
	b.Reset()
	if err := c.plain.write(&b, v, verbatim, e.Link); err != nil {
		return r, err
	}
	r.Text = b.String()
	if len(c.links) > 0 {
		b.Reset()
		if err := c.links[0].words.write(&b, v, oneLine, nil); err != nil {
			return r, err
		}
		r.Action = b.String()
		b.Reset()
		if err := c.links[0].address.write(&b, v, verbatim, e.Link); err != nil {
			return r, err
		}
		r.URL = b.String()
	}
	if c.Body.Channel != "email" && c.Body.Channel != "" {
		return r, nil
	}
	b.Reset()
	b.Grow(len(r.Text)*2 + 2000)
	b.WriteString(`<!doctype html><html lang="` + language(c.Body.Language) + `"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>`)
	b.WriteString(html.EscapeString(r.Subject))
	b.WriteString(`</title></head><body style="margin:0;padding:24px 12px;background:#F5F8F9;font-family:-apple-system,'PingFang SC','HarmonyOS Sans SC','Noto Sans SC','Segoe UI',sans-serif"><table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center"><table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border:1px solid #E4EAED;border-radius:6px"><tr><td style="padding:28px 28px 12px">`)
	if err := c.rich.write(&b, v, html.EscapeString, e.Link); err != nil {
		return r, err
	}
	b.WriteString(`</td></tr></table>`)
	c.footer(&b, &r, e)
	b.WriteString(`</td></tr></table>`)
	if e.Pixel != "" {
		b.WriteString(`<img src="` + html.EscapeString(e.Pixel) + `" width="1" height="1" alt="" style="display:block">`)
	}
	b.WriteString("</body></html>\n")
	r.HTML = b.String()
	return r, nil
}

func (c *Compiled) footer(b *strings.Builder, r *Rendered, e Envelope) {
	if e.Brand == "" && e.Unsubscribe == "" {
		return
	}
	b.WriteString(`<p style="margin:16px 0 0;font-size:12px;line-height:1.6;color:#5B6B75">` + html.EscapeString(e.Brand))
	if e.Unsubscribe != "" {
		why, stop := "您收到这封邮件,是因为您同意接收我们的消息。", "不想再收到,点此退订"
		if c.Body.Language == "en" {
			why, stop = "You receive this because you agreed to hear from us.", "Unsubscribe"
		}
		b.WriteString(`<br>` + why + `<a href="` + html.EscapeString(e.Unsubscribe) + `" style="color:#5B6B75">` + stop + `</a>`)
		r.Text += "\n\n--\n" + e.Brand + "\n" + stop + ": " + e.Unsubscribe + "\n"
	}
	b.WriteString(`</p>`)
}

func language(l string) string {
	if l == "en" {
		return "en"
	}
	return "zh-CN"
}

// oneLine keeps a value from breaking out of a subject.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// For compiles the body that serves a channel and language: the channel's own body first, then the one for every
// channel; the wanted language first, then the other. A content with nothing for the channel is an Invalid error with
// code content.no_body.
func (c Content) For(channel, language string) (*Compiled, error) {
	return c.Draft().For(channel, language)
}

// For is Content.For, of what is not saved yet.
func (d Draft) For(channel, language string) (*Compiled, error) {
	var best *Body
	score := 0
	for i, b := range d.Bodies {
		var s int
		switch b.Channel {
		case channel:
			s = 4
		case "":
			s = 2
		default:
			continue
		}
		if b.Language == language {
			s += 4 // a body in the person's language beats a channel's own in a foreign one
		}
		if s > score {
			best, score = &d.Bodies[i], s
		}
	}
	if best == nil {
		return nil, errs.New(errs.Invalid, "content.no_body", "the content says nothing for channel %q", channel).With("channel", channel)
	}
	b := *best
	b.Channel = channel
	return Compile(b)
}
