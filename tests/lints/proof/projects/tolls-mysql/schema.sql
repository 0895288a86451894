CREATE TABLE `operators` (`id` int NOT NULL AUTO_INCREMENT, `code` varchar(20) NOT NULL, PRIMARY KEY (`id`), UNIQUE KEY `code` (`code`)) ENGINE=InnoDB;
CREATE TABLE `users` (`id` int NOT NULL AUTO_INCREMENT, `operator_id` int NOT NULL, `email` varchar(190) NOT NULL, PRIMARY KEY (`id`), KEY (`operator_id`), CONSTRAINT `u_o` FOREIGN KEY (`operator_id`) REFERENCES `operators` (`id`)) ENGINE=InnoDB;
CREATE TABLE `gates` (`id` int NOT NULL AUTO_INCREMENT, `operator_id` int NOT NULL, `name` varchar(80), PRIMARY KEY (`id`), CONSTRAINT `g_o` FOREIGN KEY (`operator_id`) REFERENCES `operators` (`id`)) ENGINE=InnoDB;
CREATE TABLE `lanes` (`id` int NOT NULL AUTO_INCREMENT, `gate_id` int NOT NULL, `direction` enum('in','out'), PRIMARY KEY (`id`), CONSTRAINT `l_g` FOREIGN KEY (`gate_id`) REFERENCES `gates` (`id`)) ENGINE=InnoDB;
CREATE TABLE `passages` (`id` bigint NOT NULL AUTO_INCREMENT, `operator_id` int NOT NULL, `lane_id` int NOT NULL, `plate` varchar(16), `cents` int, `at` datetime, PRIMARY KEY (`id`), CONSTRAINT `p_o` FOREIGN KEY (`operator_id`) REFERENCES `operators` (`id`), CONSTRAINT `p_l` FOREIGN KEY (`lane_id`) REFERENCES `lanes` (`id`)) ENGINE=InnoDB;
CREATE TABLE `tariffs` (`operator_id` int NOT NULL, `class` tinyint NOT NULL, `cents` int NOT NULL, PRIMARY KEY (`operator_id`, `class`), CONSTRAINT `t_o` FOREIGN KEY (`operator_id`) REFERENCES `operators` (`id`)) ENGINE=InnoDB;
CREATE TABLE `vehicle_classes` (`id` tinyint NOT NULL, `label` varchar(20), PRIMARY KEY (`id`)) ENGINE=InnoDB;
DELIMITER //
CREATE PROCEDURE `passages_of`(IN op INT, IN plate_no VARCHAR(16))
BEGIN
  SELECT p.id, p.at FROM passages p WHERE p.operator_id = op AND p.plate = plate_no;
END//
CREATE PROCEDURE `void_passage`(IN passage BIGINT)
BEGIN
  UPDATE passages SET cents = 0 WHERE id = passage;
END//
DELIMITER ;
