package pay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1" //nolint:gosec // what WeChat Pay signs its bills with
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
)

type refundNotice struct {
	MchID         string    `json:"mchid"`
	OutTradeNo    string    `json:"out_trade_no"`
	TransactionID string    `json:"transaction_id"`
	OutRefundNo   string    `json:"out_refund_no"`
	RefundID      string    `json:"refund_id"`
	RefundStatus  string    `json:"refund_status"`
	SuccessTime   time.Time `json:"success_time,omitzero"`
	Amount        struct {
		Total  int64 `json:"total"`
		Refund int64 `json:"refund"`
	} `json:"amount"`
}

func reread(plain string, v any) error {
	if err := json.Unmarshal([]byte(plain), v); err != nil {
		return errs.New(errs.Invalid, "pay.malformed", "the notification does not read")
	}
	return nil
}

// BillLine is a line of the daily trade bill: a payment, or a refund when RefundNo is set.
type BillLine struct {
	At            time.Time
	AppID, MchID  string
	TransactionID string
	No            string // out_trade_no
	TradeType     string
	State         string // SUCCESS, or REFUND for a refund
	Fen           int64  // paid; of a refund the order's
	RefundID      string
	RefundNo      string // out_refund_no
	RefundFen     int64
	RefundState   string
	FeeFen        int64 // fee; negative when it is given back
}

// Bill is the trade bill of a day.
type Bill struct {
	Day       string
	SHA1      string // of the file
	Lines     []BillLine
	PaidFen   int64 // as the bill itself sums up
	RefundFen int64
	FeeFen    int64
}

// mostBill bounds a bill's size.
const mostBill = 512 << 20

// TradeBill fetches the bill of a day (YYYY-MM-DD, Beijing time) and checks its hash and its sums. A day that has none is
// NotFound.
func (c *Client) TradeBill(ctx context.Context, day string) (Bill, error) {
	ticket, err := c.core.Get(ctx, host+"/v3/bill/tradebill?bill_date="+url.QueryEscape(day)+"&bill_type=ALL&tar_type=GZIP")
	if err != nil {
		if core.IsAPIError(err, "NO_STATEMENT_EXIST") {
			return Bill{}, errs.New(errs.NotFound, "pay.no_bill", "there is no bill of %s", day)
		}
		return Bill{}, classify("bill", err)
	}
	var t struct {
		HashType    string `json:"hash_type"`
		HashValue   string `json:"hash_value"`
		DownloadURL string `json:"download_url"`
	}
	if err := core.UnMarshalResponse(ticket.Response, &t); err != nil {
		return Bill{}, classify("bill", err)
	}
	file, err := c.unsigned.Get(ctx, t.DownloadURL)
	if err != nil {
		return Bill{}, classify("bill file", err)
	}
	defer file.Response.Body.Close() //nolint:errcheck // read to its end or given up
	packed, err := gzip.NewReader(file.Response.Body)
	if err != nil {
		return Bill{}, errs.Wrap(errs.Unavailable, "pay.bill", err)
	}
	text, err := io.ReadAll(io.LimitReader(packed, mostBill))
	if err != nil {
		return Bill{}, errs.Wrap(errs.Unavailable, "pay.bill", err)
	}
	sum := sha1.Sum(text) //nolint:gosec // what WeChat Pay signs its bills with
	if t.HashType != "SHA1" || hex.EncodeToString(sum[:]) != strings.ToLower(t.HashValue) {
		return Bill{}, errs.New(errs.Unavailable, "pay.bill_hash", "the bill of %s does not match its hash", day)
	}
	bill, err := ParseBill(text)
	bill.Day, bill.SHA1 = day, t.HashValue
	return bill, err
}

// Columns of a trade bill of type ALL.
const (
	colAt = iota
	colAppID
	colMchID
	colSubMch
	colDevice
	colTransaction
	colNo
	colOpenID
	colType
	colState
	colBank
	colCurrency
	colSettled
	colVoucher
	colRefundID
	colRefundNo
	colRefund
	colVoucherRefund
	colRefundType
	colRefundState
	colGoods
	colAttach
	colFee
	colRate
	colTotal
	colRefundAsked
	colRateNote
	columns
)

// beijing is the zone of times in bills.
var beijing = time.FixedZone("CST", 8*3600)

// ParseBill reads a trade bill of type ALL: a head, lines whose fields begin with a backtick, a second head and the sums. A bill
// whose lines do not add up to its sums is Invalid.
func ParseBill(text []byte) (Bill, error) {
	bad := func(line int, what string) error {
		return errs.New(errs.Invalid, "pay.bill_line", "line %d of the bill: %s", line, what)
	}
	var b Bill
	var paid, refunded, fee, count int64
	n, summed := 0, false
	scan := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		n++
		line := strings.TrimRight(scan.Text(), "\r")
		if n == 1 || line == "" || !strings.HasPrefix(line, "`") {
			if strings.HasPrefix(line, "总交易单数") {
				summed = true
			}
			continue
		}
		fields := strings.Split(line[1:], ",`")
		if summed {
			if len(fields) < 7 {
				return b, bad(n, "too few sums")
			}
			sums, err := amounts(fields[1], fields[2], fields[4])
			if err != nil {
				return b, bad(n, err.Error())
			}
			if fields[0] != fmt.Sprint(count) || sums[0] != paid || sums[1] != refunded || sums[2] != fee {
				return b, bad(n, "the lines do not add up to it")
			}
			b.PaidFen, b.RefundFen, b.FeeFen = paid, refunded, fee
			return b, nil
		}
		if len(fields) < columns {
			return b, bad(n, "too few fields")
		}
		at, err := time.ParseInLocation(time.DateTime, fields[colAt], beijing)
		if err != nil {
			return b, bad(n, "its time")
		}
		sums, err := amounts(fields[colSettled], fields[colRefund], fields[colFee], fields[colTotal])
		if err != nil {
			return b, bad(n, err.Error())
		}
		l := BillLine{
			At: at.UTC(), AppID: fields[colAppID], MchID: fields[colMchID], TransactionID: fields[colTransaction], No: fields[colNo], TradeType: fields[colType],
			State: fields[colState], Fen: sums[3], RefundFen: sums[1], FeeFen: sums[2],
		}
		if l.State == "REFUND" {
			l.RefundID, l.RefundNo, l.RefundState = fields[colRefundID], fields[colRefundNo], fields[colRefundState]
		}
		paid, refunded, fee, count = paid+sums[0], refunded+l.RefundFen, fee+l.FeeFen, count+1
		b.Lines = append(b.Lines, l)
	}
	if err := scan.Err(); err != nil {
		return b, bad(n, err.Error())
	}
	return b, bad(n, "it ends without sums")
}

func amounts(texts ...string) ([]int64, error) {
	out := make([]int64, len(texts))
	for i, t := range texts {
		if strings.TrimSpace(t) == "" {
			continue
		}
		fen, err := money.Parse(t)
		if err != nil {
			return nil, err
		}
		out[i] = fen
	}
	return out, nil
}
