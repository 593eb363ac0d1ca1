package channel

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"huoshui/internal/platform/errs"
)

// EmailSettings is how e-mail leaves. Secret is sealed (secret.Keys) and never shown.
type EmailSettings struct {
	Enabled     bool    `json:"enabled"`
	Host        string  `json:"host" maxLength:"253"`
	Port        int     `json:"port" minimum:"0" maximum:"65535"`
	TLS         string  `json:"tls" enum:"starttls,tls,none" doc:"starttls: required; tls: from the first byte; none: only for a relay on this machine or network"`
	User        string  `json:"user,omitempty"`
	Secret      string  `json:"secret,omitempty" doc:"Sealed password; write a new one as plain text, an empty one keeps the old"`
	From        string  `json:"from" doc:"Address that e-mail comes from"`
	FromName    string  `json:"from_name,omitempty"`
	ReplyTo     string  `json:"reply_to,omitempty"`
	Connections int     `json:"connections" minimum:"1" maximum:"64"`
	PerSecond   float64 `json:"per_second" minimum:"0" doc:"0: as fast as the server takes it"`
	CostFen     int64   `json:"cost_fen" minimum:"0" doc:"What one message costs, in fen"`
}

// Check refuses settings that cannot send.
func (s EmailSettings) Check() error {
	bad := func(field, format string, args ...any) error {
		return errs.New(errs.Invalid, "channel.invalid", format, args...).At(field)
	}
	if !s.Enabled {
		return nil
	}
	switch {
	case s.Host == "" || strings.ContainsAny(s.Host, " \r\n/"):
		return bad("host", "needs the name of a mail server")
	case s.Port < 1 || s.Port > 65535:
		return bad("port", "must be 1 to 65535")
	case s.TLS != "starttls" && s.TLS != "tls" && s.TLS != "none":
		return bad("tls", "must be starttls, tls or none")
	case s.Connections < 1 || s.Connections > 64:
		return bad("connections", "must be 1 to 64")
	}
	if a, err := mail.ParseAddress(s.From); err != nil || a.Address != s.From || !ascii(s.From) {
		return bad("from", "must be an e-mail address")
	}
	if s.ReplyTo != "" {
		if a, err := mail.ParseAddress(s.ReplyTo); err != nil || a.Address != s.ReplyTo || !ascii(s.ReplyTo) {
			return bad("reply_to", "must be an e-mail address")
		}
	}
	return nil
}

// EmailChannel sends through one SMTP server over connections that carry many messages each. go-mail dials, does TLS
// and signs in; the message transactions are pipelined (RFC 2920) where the server offers it, which takes a message
// from four round trips to two.
type EmailChannel struct {
	settings EmailSettings
	password string
	mailer   mailer
}

// NewEmail returns the channel for settings that have passed Check; password is the opened secret.
func NewEmail(s EmailSettings, password string) *EmailChannel {
	_, domain, _ := strings.Cut(s.From, "@")
	return &EmailChannel{settings: s, password: password, mailer: mailer{
		from: mail.Address{Name: s.FromName, Address: s.From}, replyTo: s.ReplyTo, domain: domain, boundary: "=_huoshui_alternative_",
	}}
}

// Limits is from the settings.
func (e *EmailChannel) Limits() (int, float64) { return e.settings.Connections, e.settings.PerSecond }

// CostFen is from the settings.
func (e *EmailChannel) CostFen() int64 { return e.settings.CostFen }

// smtpTimeout is how long the server may take to answer anything (RFC 5321 4.5.3.2 allows minutes; a queue that
// waits that long for one server says so instead).
const smtpTimeout = 60 * time.Second

// Dial connects, encrypts as the settings say, and signs in.
func (e *EmailChannel) Dial(ctx context.Context) (Conn, error) {
	s := e.settings
	opts := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(smtpTimeout), gomail.WithHELO(e.mailer.domain)}
	switch s.TLS {
	case "tls":
		opts = append(opts, gomail.WithSSL())
	case "none":
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.User != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(e.password))
	}
	client, err := gomail.NewClient(s.Host, opts...)
	if err != nil {
		return nil, &Failure{Reason: "settings", Permanent: true, Detail: clip(err.Error())}
	}
	c, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, &Failure{Reason: "connection", Detail: clip(err.Error())}
	}
	pipelining, _ := c.Extension("PIPELINING")
	return &smtpConn{client: c, mailer: &e.mailer, from: s.From, pipelining: pipelining, alive: true, buf: make([]byte, 0, 16<<10)}, nil
}

type smtpConn struct {
	client     *smtp.Client
	mailer     *mailer
	from       string
	pipelining bool
	alive      bool
	buf        []byte
}

// Alive reports whether the connection can carry another message.
func (c *smtpConn) Alive() bool { return c.alive }

// Close says goodbye and closes.
func (c *smtpConn) Close() error {
	if !c.alive {
		return c.client.Close()
	}
	c.alive = false
	return c.client.Quit()
}

// Send hands one message to the server. The end of the data is written after begun: before it, nothing was taken.
func (c *smtpConn) Send(_ context.Context, m Message, begun func()) error {
	body, to, err := c.mailer.compose(c.buf[:0], m)
	if err != nil {
		return &Failure{Reason: "bad_address", Permanent: true, Bounced: true, Detail: err.Error()}
	}
	c.buf = body[:0]
	if err := c.client.UpdateDeadline(smtpTimeout); err != nil {
		return c.broken(err)
	}
	ready, err := c.envelope(to)
	if err != nil {
		return err
	}
	if !ready {
		return c.broken(errors.New("no go-ahead for the data"))
	}
	begun()
	w := c.client.Text.W
	_, _ = w.Write(body) // a bufio.Writer keeps its first error for Flush
	_, _ = w.WriteString(".\r\n")
	if err := w.Flush(); err != nil {
		return c.broken(err)
	}
	if _, _, err := c.client.Text.ReadResponse(250); err != nil {
		return c.refused(err, false)
	}
	return nil
}

// envelope says who writes to whom and asks to send the data; true when the server is ready for it.
func (c *smtpConn) envelope(to string) (bool, error) {
	w, text := c.client.Text.W, c.client.Text
	commands := []string{"MAIL FROM:<" + c.from + ">\r\n", "RCPT TO:<" + to + ">\r\n", "DATA\r\n"}
	codes := []int{250, 25, 354}
	if c.pipelining {
		for _, cmd := range commands {
			_, _ = w.WriteString(cmd)
		}
		if err := w.Flush(); err != nil {
			return false, c.broken(err)
		}
	}
	var first error
	ready := false
	for i, cmd := range commands {
		if !c.pipelining {
			if first != nil {
				break
			}
			_, _ = w.WriteString(cmd)
			if err := w.Flush(); err != nil {
				return false, c.broken(err)
			}
		}
		_, _, err := text.ReadResponse(codes[i])
		var said *textproto.Error
		if err != nil && !errors.As(err, &said) {
			return false, c.broken(err)
		}
		if err != nil && first == nil {
			first = c.refused(err, i == 1)
		}
		ready = i == 2 && err == nil
	}
	if first == nil {
		return ready, nil
	}
	if ready { // pipelined DATA was taken although the envelope was not: end it empty (RFC 2920 3.1)
		_, _ = w.WriteString(".\r\n")
		if err := w.Flush(); err != nil {
			return false, c.broken(err)
		}
		if _, _, err := text.ReadResponse(0); err != nil {
			var said *textproto.Error
			if !errors.As(err, &said) {
				return false, c.broken(err)
			}
		}
	}
	if c.alive {
		if err := c.client.Reset(); err != nil {
			c.alive = false
		}
	}
	return false, first
}

// refused turns an answer of the server into a failure: 5xx is for good; 421 ends the connection.
func (c *smtpConn) refused(err error, recipient bool) error {
	var said *textproto.Error
	if !errors.As(err, &said) {
		return c.broken(err)
	}
	if said.Code == 421 {
		c.alive = false
	}
	return &Failure{
		Reason: "smtp_" + strconv.Itoa(said.Code), Permanent: said.Code >= 500,
		Bounced: recipient && said.Code >= 550 && said.Code <= 553, Detail: clip(said.Msg),
	}
}

func (c *smtpConn) broken(err error) error {
	c.alive = false
	return &Failure{Reason: "connection", Detail: clip(fmt.Sprint(err))}
}
