<?php
class BoatsController {
  public function index() {
    // ruleid: connection-opened-in-controller-php
    $pdo = new PDO($dsn);
    return $pdo;
  }
}

class Connections {
  public function open() {
    // ok: connection-opened-in-controller-php
    return new PDO($dsn);
  }
}
