// Package oa speaks to WeChat as an Official Account: who opens a page (web OAuth2). Source: the Official Account's
// documentation of web page authorisation.
package oa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"huoshui/internal/platform/errs"
)

// Account is an Official Account.
type Account struct {
	AppID  string
	Secret string
}

// Person is who opened a page in WeChat.
type Person struct {
	OpenID  string // of her in this account
	UnionID string // of her in all applications of one owner; empty where the account is in no such group
}

// Client asks WeChat. Safe for concurrent use.
type Client struct {
	account   Account
	http      *http.Client
	authorize string
	api       string
}

// Where the real WeChat is.
const (
	authorizeURL = "https://open.weixin.qq.com/connect/oauth2/authorize"
	apiURL       = "https://api.weixin.qq.com"
)

// New returns the client of an account of the real WeChat.
func New(account Account) *Client {
	return &Client{account: account, http: &http.Client{Timeout: 5 * time.Second}, authorize: authorizeURL, api: apiURL}
}

// NewLocal returns a client whose people choose who they are at the address authorize, and whose questions through answers.
func NewLocal(account Account, authorize string, through http.RoundTripper) *Client {
	return &Client{account: account, http: &http.Client{Transport: through, Timeout: 5 * time.Second}, authorize: authorize, api: apiURL}
}

// AppID is the account's.
func (c *Client) AppID() string { return c.account.AppID }

// AuthorizeURL is where a browser goes to say who she is; it comes back to back with a code and state (up to 128 letters
// and digits). She is asked nothing: only her openid is told.
func (c *Client) AuthorizeURL(back, state string) string {
	// WeChat wants the parameters in this order.
	return c.authorize + "?appid=" + url.QueryEscape(c.account.AppID) + "&redirect_uri=" + url.QueryEscape(back) +
		"&response_type=code&scope=snsapi_base&state=" + url.QueryEscape(state) + "#wechat_redirect"
}

var errCode = errs.New(errs.Denied, "wechat.code", "the sign-in at WeChat was used or took too long; try again")

// Identify returns whose a code is. A code that is wrong, used, or older than five minutes is Denied, as is somebody who
// only looks at a snapshot of the page and is nobody; WeChat that does not answer is Unavailable.
func (c *Client) Identify(ctx context.Context, code string) (Person, error) {
	if code == "" || len(code) > 512 {
		return Person{}, errCode
	}
	q := url.Values{"appid": {c.account.AppID}, "secret": {c.account.Secret}, "code": {code}, "grant_type": {"authorization_code"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api+"/sns/oauth2/access_token?"+q.Encode(), nil)
	if err != nil {
		return Person{}, fmt.Errorf("wechat: %w", err)
	}
	res, err := c.http.Do(r)
	if err != nil {
		var inURL *url.Error // names the address, and so the secret
		if errors.As(err, &inURL) {
			err = inURL.Err
		}
		return Person{}, errs.Wrap(errs.Unavailable, "wechat.unavailable", fmt.Errorf("wechat: sign-in: %w", err))
	}
	defer func() { _ = res.Body.Close() }()
	var said struct {
		Code     int    `json:"errcode"`
		OpenID   string `json:"openid"`
		UnionID  string `json:"unionid"`
		Snapshot int    `json:"is_snapshotuser"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said); err != nil {
		return Person{}, errs.Wrap(errs.Unavailable, "wechat.unavailable", fmt.Errorf("wechat: sign-in: status %d: %w", res.StatusCode, err))
	}
	switch {
	case said.Code == 40029 || said.Code == 40163 || said.Code == 42003: // wrong, used, too old
		return Person{}, errCode
	case said.Code != 0 || said.OpenID == "":
		return Person{}, errs.Wrap(errs.Unavailable, "wechat.unavailable", fmt.Errorf("wechat: sign-in: errcode %d, status %d", said.Code, res.StatusCode))
	case said.Snapshot == 1:
		return Person{}, errs.New(errs.Denied, "wechat.snapshot", "open the full page first: a snapshot does not say who one is")
	}
	return Person{OpenID: said.OpenID, UnionID: said.UnionID}, nil
}
