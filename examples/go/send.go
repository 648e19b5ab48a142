package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	attempts      = 8
	timeout       = 10 * time.Second
	longestWait   = time.Minute
	largestAnswer = 65_536
)

// Sender tells the chat what happened.
type Sender struct {
	// URL is the address of the source, such as https://chat.example.org/api/chat/hooks/main.
	URL     string
	Webhook *webhooks.Webhook
}

// Send sends an event until the chat has answered what became of it. The id belongs to the event: sent twice, it
// is done once.
func (sender Sender) Send(id string, body []byte) ([]byte, error) {
	wait := time.Second
	for attempt := 1; ; attempt++ {
		status, answer, after, err := sender.post(id, body)
		if err == nil && status >= 200 && status < 300 {
			return answer, nil
		}
		if err == nil {
			err = fmt.Errorf("%d: %s", status, answer)
		}
		if attempt == attempts || (status != 0 && !again(status)) {
			return nil, err
		}
		log.Print(err)
		if after > 0 {
			wait = after
		}
		time.Sleep(min(wait, longestWait))
		wait *= 2
	}
}

// again says whether the chat was not able to, or nobody knows whether it did it.
func again(status int) bool {
	switch status {
	case 408, 429, 500, 502, 503, 504:
		return true
	}
	return false
}

func (sender Sender) post(id string, body []byte) (int, []byte, time.Duration, error) {
	// Signed anew each time, because a signature is good for five minutes.
	now := time.Now()
	signature, err := sender.Webhook.Sign(id, now, body)
	if err != nil {
		return 0, nil, 0, err
	}
	request, err := http.NewRequest(http.MethodPost, sender.URL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, 0, err
	}
	request.Header.Set("content-type", "application/json")
	request.Header.Set(webhooks.HeaderWebhookID, id)
	request.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(webhooks.HeaderWebhookSignature, signature)
	client := http.Client{
		Timeout: timeout,
		// The answer of another address would not be the chat's.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, 0, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	seconds, _ := strconv.Atoi(response.Header.Get("retry-after"))
	return response.StatusCode, answer, time.Duration(seconds) * time.Second, err
}
