package warehouse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
)

// clickhouseScheme begins the addresses of ClickHouse.
const clickhouseScheme = "clickhouse://"

// IsClickHouse says whether the address of a warehouse is ClickHouse's; any other is the path of a file.
func IsClickHouse(address string) bool { return strings.HasPrefix(address, clickhouseScheme) }

// clickhouseAddress is clickhouse://user:password@host:port,host:port/database?cluster=name&secure=true, taken apart: the HTTP ports of one
// server for each shard. Port 8123, database huoshui and cluster huoshui may be left out.
type clickhouseAddress struct {
	hosts                             []string
	user, password, database, cluster string
	secure                            bool
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func parseClickHouse(address string) (a clickhouseAddress, err error) {
	bad := func(why string) (clickhouseAddress, error) {
		return a, errs.New(errs.Invalid, "warehouse.address", "the warehouse's address %s: want clickhouse://host:port/database, or clickhouse://host:port,host:port/database for shards", why)
	}
	rest, options, _ := strings.Cut(strings.TrimPrefix(address, clickhouseScheme), "?")
	values, err := url.ParseQuery(options)
	if err != nil {
		return bad("has unreadable options")
	}
	hosts, database, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		user, err := url.Parse("http://" + hosts[:at] + "@host") // for the escapes
		if err != nil {
			return bad("has an unreadable user")
		}
		a.user = user.User.Username()
		a.password, _ = user.User.Password()
		hosts = hosts[at+1:]
	}
	for host := range strings.SplitSeq(hosts, ",") {
		name, port, err := net.SplitHostPort(host)
		if err != nil {
			name, port = strings.Trim(host, "[]"), "8123"
		}
		if name == "" {
			return bad("names no host")
		}
		a.hosts = append(a.hosts, net.JoinHostPort(name, port))
	}
	a.database, a.cluster = database, "huoshui"
	if a.database == "" {
		a.database = "huoshui"
	}
	for name, v := range values {
		switch name {
		case "cluster":
			a.cluster = v[0]
		case "secure":
			if a.secure, err = strconv.ParseBool(v[0]); err != nil {
				return bad("has an unreadable secure")
			}
		default:
			return bad("has an unknown option")
		}
	}
	if !plainName.MatchString(a.database) || !plainName.MatchString(a.cluster) {
		return bad("names a database or cluster that is no plain name")
	}
	return a, nil
}

// node is one server, spoken to over HTTP.
type node struct {
	base     string
	host     string
	user     string
	password string
	database string
	client   *http.Client
}

func (a clickhouseAddress) nodes() []*node {
	client := &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     2 * time.Second, // servers close what is idle for three seconds
		DisableCompression:  true,
	}}
	scheme := "http://"
	if a.secure {
		scheme = "https://"
	}
	var out []*node
	for _, host := range a.hosts {
		out = append(out, &node{base: scheme + host + "/", host: host, user: a.user, password: a.password, database: a.database, client: client})
	}
	return out
}

// serverError is what a server answered instead of rows.
type serverError struct {
	host, text string
}

func (e *serverError) Error() string { return "clickhouse " + e.host + ": " + e.text }

// code is the server's number of an error; 0 when it gave none.
func (e *serverError) code() int {
	var n int
	if _, err := fmt.Sscanf(e.text, "Code: %d", &n); err != nil {
		return 0
	}
	return n
}

// unknownTable is the code of a table that is not there, or not any more.
const unknownTable = 60

func isUnknownTable(err error) bool {
	var e *serverError
	return errors.As(err, &e) && e.code() == unknownTable
}

// always are the settings every statement has: queries are long where they list customers, subqueries get the conditions outside them, and
// a join gives NULL where nothing matches.
var always = map[string]string{
	"max_query_size": "268435456", "max_ast_elements": "100000000", "max_expanded_ast_elements": "100000000",
	"enable_optimize_predicate_expression": "1", "join_use_nulls": "1",
}

// send runs a statement; body follows it where it inserts. The answer must be closed.
func (n *node) send(ctx context.Context, statement string, body io.Reader, settings map[string]string) (io.ReadCloser, error) {
	values := url.Values{}
	if n.database != "" {
		values.Set("database", n.database)
	}
	for name, v := range always {
		values.Set(name, v)
	}
	for name, v := range settings {
		values.Set(name, v)
	}
	if body == nil {
		body = strings.NewReader(statement)
	} else {
		values.Set("query", statement)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.base+"?"+values.Encode(), body)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	if n.user != "" {
		req.SetBasicAuth(n.user, n.password)
	}
	res, err := n.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var broken *url.Error // its text holds the statement
		if errors.As(err, &broken) {
			err = broken.Err
		}
		return nil, errs.Wrap(errs.Unavailable, "warehouse.unavailable", fmt.Errorf("clickhouse %s: %w", n.host, err))
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, nil
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return nil, fmt.Errorf("clickhouse %s: status %d: %w", n.host, res.StatusCode, err)
	}
	return nil, &serverError{n.host, strings.TrimSpace(string(text))}
}

// exec runs a statement that gives no rows.
func (n *node) exec(ctx context.Context, statement string) error {
	return n.do(ctx, statement, nil, nil)
}

func (n *node) do(ctx context.Context, statement string, body io.Reader, settings map[string]string) error {
	answer, err := n.send(ctx, statement, body, settings)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(answer, 4096))
	if err = errors.Join(err, answer.Close()); err != nil {
		return errs.Wrap(errs.Unavailable, "warehouse.unavailable", fmt.Errorf("clickhouse %s: %w", n.host, err))
	}
	if strings.Contains(string(text), "DB::Exception") {
		return &serverError{n.host, strings.TrimSpace(string(text))}
	}
	return nil
}

// insert writes a block, whole or not at all.
func (n *node) insert(ctx context.Context, table string, b *nativeBlock, id string) error {
	if b.rows == 0 {
		return nil
	}
	settings := map[string]string{}
	if id != "" {
		settings["query_id"] = id
	}
	return n.do(ctx, "INSERT INTO "+table+" ("+b.names()+") FORMAT Native", b.reader(), settings)
}

// blocks runs a query and shows fn every block.
func (n *node) blocks(ctx context.Context, q string, settings map[string]string, fn func(*nativeReader) error) (err error) {
	answer, err := n.send(ctx, q+" FORMAT Native", nil, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answer.Close()) }()
	seen := &ending{in: answer}
	r := &nativeReader{in: bufio.NewReaderSize(seen, 1<<18)}
	for {
		err := r.next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return seen.cause(ctx, n, err)
		}
		if err := fn(r); err != nil {
			return err
		}
	}
}

// ending remembers the end of what was read: the text of an error that came in the middle of rows.
type ending struct {
	in   io.Reader
	last []byte
}

const tailLength = 1 << 13

func (t *ending) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	t.last = append(t.last, p[max(0, n-tailLength):n]...)
	if extra := len(t.last) - tailLength; extra > 0 {
		t.last = t.last[:copy(t.last, t.last[extra:])]
	}
	return n, err
}

// cause is why reading ended early.
func (t *ending) cause(ctx context.Context, n *node, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(t, 1<<20)) // what else it says
	if at := strings.LastIndex(string(t.last), "Code: "); at >= 0 && strings.Contains(string(t.last[at:]), "DB::Exception") {
		return &serverError{n.host, strings.TrimSpace(string(t.last[at:]))}
	}
	return errs.Wrap(errs.Unavailable, "warehouse.unavailable", fmt.Errorf("clickhouse %s: the answer ended early: %w", n.host, err))
}

// rows runs a query and gives every row to scanners.
func (n *node) rows(ctx context.Context, q string, fn func(row func(column int) any) error) error {
	return n.blocks(ctx, q, nil, func(r *nativeReader) error {
		for i := range r.rows {
			if err := fn(func(column int) any { return r.columns[column].value(i) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// count runs a query whose answer is one number that is not negative.
func (n *node) count(ctx context.Context, q string) (uint64, error) {
	var out uint64
	err := n.rows(ctx, q, func(row func(int) any) error {
		v, ok := row(0).(uint64)
		if !ok {
			return fmt.Errorf("clickhouse: %s gives a %T", q, row(0))
		}
		out = v
		return nil
	})
	return out, err
}
