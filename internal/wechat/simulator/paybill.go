package simulator

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // what WeChat Pay signs its bills with
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
)

// seal encrypts as WeChat Pay seals notifications: AES-256-GCM, base64.
func seal(key, nonce, associated string, plain []byte) (string, error) {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), plain, []byte(associated))), nil
}

// Fee returns WeChat Pay's fee of an amount: 0.6 %, rounded half up.
func Fee(fen int64) int64 { return (fen*6 + 500) / 1000 }

const billHead = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"

const billSums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"

// billText writes the trade bill of a day; "" when nothing happened.
func (p *Pay) billText(ctx context.Context, day string) (string, error) {
	from, err := time.ParseInLocation(time.DateOnly, day, beijing)
	if err != nil {
		return "", refuse(http.StatusBadRequest, "PARAM_ERROR", "bill_date")
	}
	to := from.AddDate(0, 0, 1)
	trades, err := store.All[Trade](ctx, p.db, `SELECT * FROM sim_pay_trades WHERE success_at >= ? AND success_at < ? ORDER BY success_at, no`, from, to)
	if err != nil {
		return "", err
	}
	refunds, err := store.All[refundRow](ctx, p.db, `SELECT * FROM sim_pay_refunds WHERE success_at >= ? AND success_at < ? ORDER BY success_at, refund_no`, from, to)
	if err != nil || len(trades)+len(refunds) == 0 {
		return "", err
	}
	var b strings.Builder
	b.WriteString("\ufeff" + billHead + "\r\n")
	line := func(fields ...string) { b.WriteString("`" + strings.Join(fields, ",`") + "\r\n") }
	var paid, back, fees int64
	for _, t := range trades {
		fee := Fee(t.Fen)
		paid, fees = paid+t.Fen, fees+fee
		line(t.SuccessAt.In(beijing).Format(time.DateTime), p.keys.AppID, p.keys.MchID, "0", "", t.TransactionID, t.No, t.OpenID, t.Kind, "SUCCESS", "OTHERS", "CNY",
			money.Format(t.Fen), "0.00", "0", "0", "0.00", "0.00", "", "", billName(t.Description), "", money.Format(fee), "0.60%", money.Format(t.Fen), "0.00", "")
	}
	for _, r := range refunds {
		t, err := tradeBy(ctx, p.db, "no", r.No)
		if err != nil {
			return "", err
		}
		fee := -Fee(r.Fen)
		back, fees = back+r.Fen, fees+fee
		line(r.SuccessAt.In(beijing).Format(time.DateTime), p.keys.AppID, p.keys.MchID, "0", "", t.TransactionID, t.No, t.OpenID, t.Kind, "REFUND", "OTHERS", "CNY",
			"0.00", "0.00", r.RefundID, r.RefundNo, money.Format(r.Fen), "0.00", "ORIGINAL", "SUCCESS", billName(t.Description), "", money.Format(fee), "0.60%", "0.00", money.Format(r.Fen), "")
	}
	b.WriteString(billSums + "\r\n")
	line(fmt.Sprint(len(trades)+len(refunds)), money.Format(paid), money.Format(back), "0.00", money.Format(fees), money.Format(paid), money.Format(back))
	return b.String(), nil
}

// billName makes a description safe for a field of a bill.
func billName(s string) string {
	return strings.NewReplacer(",", "，", "`", "'", "\r", " ", "\n", " ").Replace(s)
}

func (p *Pay) bill(ctx context.Context, day string) (any, error) {
	text, err := p.billText(ctx, day)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, refuse(http.StatusBadRequest, "NO_STATEMENT_EXIST", "账单文件不存在")
	}
	sum := sha1.Sum([]byte(text)) //nolint:gosec // what WeChat Pay signs its bills with
	return map[string]string{
		"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]),
		"download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=" + day,
	}, nil
}

// billFile serves a bill, packed; like the real one's, its answer is not signed.
func (p *Pay) billFile(w http.ResponseWriter, r *http.Request) {
	if p.verify(r, nil) != nil {
		http.Error(w, "SIGN_ERROR", http.StatusUnauthorized)
		return
	}
	text, err := p.billText(r.Context(), r.URL.Query().Get("token"))
	if err != nil || text == "" {
		http.Error(w, "no bill", http.StatusNotFound)
		return
	}
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	_, err = gz.Write([]byte(text))
	if err = errors.Join(err, gz.Close()); err != nil {
		http.Error(w, "cannot pack", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(packed.Bytes()) // the other side has gone: it asks again
}
