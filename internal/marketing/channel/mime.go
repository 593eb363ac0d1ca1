package channel

import (
	"encoding/base64"
	"errors"
	"mime"
	"net/mail"
	"strings"
	"time"
)

// Mail is an e-mail as it goes over the wire, and its envelope.
type mailer struct {
	from     mail.Address
	replyTo  string
	domain   string // right side of message ids
	boundary string
}

// compose appends the message to buf in the form of RFC 5322: multipart/alternative, text and HTML in base64, with
// one-click unsubscribing (RFC 8058) and a Message-ID that depends on nothing but the message's id. No line begins with
// a dot. It refuses an address that is none.
func (w *mailer) compose(buf []byte, m Message) (out []byte, to string, err error) {
	addr, err := mail.ParseAddress(m.To)
	if err != nil || strings.ContainsAny(addr.Address, "\r\n<> ") || !ascii(addr.Address) {
		return nil, "", errors.New("not an e-mail address")
	}
	head := func(name, value string) {
		buf = append(buf, name...)
		buf = append(buf, ": "...)
		buf = append(buf, value...)
		buf = append(buf, "\r\n"...)
	}
	head("From", w.from.String())
	recipient := mail.Address{Name: m.Name, Address: addr.Address}
	head("To", recipient.String())
	if w.replyTo != "" {
		head("Reply-To", w.replyTo)
	}
	head("Subject", mime.BEncoding.Encode("utf-8", strings.Join(strings.Fields(m.Body.Title), " ")))
	head("Date", m.At.Format(time.RFC1123Z))
	head("Message-ID", "<"+m.ID+"@"+w.domain+">")
	if m.Links.Unsubscribe != "" {
		head("List-Unsubscribe", "<"+m.Links.Unsubscribe+">")
		head("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	if m.Campaign != "" {
		head("Feedback-ID", m.Campaign+":huoshui")
	}
	head("MIME-Version", "1.0")
	head("Content-Type", `multipart/alternative; boundary="`+w.boundary+`"`)
	part := func(kind, body string) {
		buf = append(buf, "\r\n--"...)
		buf = append(buf, w.boundary...)
		buf = append(buf, "\r\nContent-Type: "...)
		buf = append(buf, kind...)
		buf = append(buf, "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"...)
		buf = appendBase64(buf, body)
	}
	part("text/plain", m.Body.Text)
	if m.Body.HTML != "" {
		part("text/html", m.Body.HTML)
	}
	buf = append(buf, "\r\n--"...)
	buf = append(buf, w.boundary...)
	buf = append(buf, "--\r\n"...)
	return buf, addr.Address, nil
}

// appendBase64 writes s in lines of 76 characters.
func appendBase64(buf []byte, s string) []byte {
	const line = 57
	for len(s) > line {
		buf = base64.StdEncoding.AppendEncode(buf, []byte(s[:line]))
		buf = append(buf, "\r\n"...)
		s = s[line:]
	}
	return base64.StdEncoding.AppendEncode(buf, []byte(s))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}
